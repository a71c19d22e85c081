import CPNG

/// Writes images in black and white as PNG (ISO/IEC 15948), one bit a pixel.
package enum PNGImage {
    /// - Parameters:
    ///   - isBlack: Row by row, `width` × `height` of them.
    ///   - width: Above 0, and together with `height` small enough for memory: the caller has bounded it.
    package static func encode(isBlack: [Bool], width: Int, height: Int) throws(PNGError) -> [UInt8] {
        precondition(width > 0 && height > 0 && isBlack.count == width * height)
        var image = png_image()
        image.version = png_uint_32(PNG_IMAGE_VERSION)
        image.width = png_uint_32(width)
        image.height = png_uint_32(height)
        // A palette of two grey tones, for which libpng takes one bit a pixel.
        image.format = PNG_FORMAT_FLAG_COLORMAP
        image.colormap_entries = 2
        defer { png_image_free(&image) }
        let palette: [UInt8] = [0xff, 0x00]
        let indices = isBlack.map { $0 ? 1 as UInt8 : 0 }
        // Deflate adds at most 5 bytes to each 16 KB; header, palette and the chunks' frames have 200 bytes.
        var length = height * (width / 8 + 2) + height * width / 8 / 1_024 + 1_024
        var file = Array(repeating: 0 as UInt8, count: length)
        guard png_image_write_to_memory(&image, &file, &length, 0, indices, png_int_32(width), palette) != 0 else {
            let message = withUnsafeBytes(of: image.message) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            throw PNGError(message: message)
        }
        return Array(file.prefix(length))
    }
}

package struct PNGError: Error, CustomStringConvertible {
    package let message: String

    package var description: String { "libpng: \(message)" }
}
