import Testing

@testable import ObjectStorage

@Suite struct ImageFormatTests {
    private static func box(_ brands: String, length: UInt8? = nil) -> [UInt8] {
        let bytes = Array(brands.utf8)
        return [0, 0, 0, length ?? UInt8(bytes.count + 8)] + Array("ftyp".utf8) + bytes
    }

    @Test(
        arguments: [
            ([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0], .png), ([0xff, 0xd8, 0xff, 0xe0], .jpeg),
            ([0xff, 0xd8, 0xff, 0xe1], .jpeg), (Array("RIFF\u{1}\u{2}\u{3}\u{4}WEBPVP8 ".utf8), .webp),
            (box("avif\0\0\0\0avifmif1miaf"), .avif), (box("avis\0\0\0\0avifavis"), .avif),
            (box("mif1\0\0\0\0mif1avif"), .avif),
        ] as [([UInt8], ImageFormat)])
    func imagesAreKnownByTheirFirstBytes(bytes: [UInt8], format: ImageFormat) {
        #expect(ImageFormat(beginning: bytes) == format)
    }

    @Test(
        arguments: [
            [], [0x89], [0x89, 0x50, 0x4e, 0x47], [0xff, 0xd8], Array("<html>".utf8), Array("<svg xmlns=\"x\">".utf8),
            Array("GIF89a".utf8), Array("%PDF-1.7".utf8), Array("RIFF1234WAVE".utf8), Array("PK\u{3}\u{4}".utf8),
            box("heic\0\0\0\0mif1heic"), box("isom\0\0\0\0isomavc1"), box("avif"),
            // A brand beyond the end of its box is none.
            box("mif1\0\0\0\0mif1avif", length: 20), box("mif1\0\0\0\0avif", length: 255).dropLast(),
        ] as [[UInt8]])
    func everythingElseIsNone(bytes: [UInt8]) {
        #expect(ImageFormat(beginning: bytes) == nil)
    }
}
