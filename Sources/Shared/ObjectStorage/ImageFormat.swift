/// The kinds of images that browsers show and that cannot carry a script (SVG can).
package enum ImageFormat: String, Sendable, CaseIterable {
    case png = "image/png"
    case jpeg = "image/jpeg"
    case webp = "image/webp"
    case avif = "image/avif"

    package var fileExtension: String {
        switch self {
        case .png: "png"
        case .jpeg: "jpg"
        case .webp: "webp"
        case .avif: "avif"
        }
    }

    /// So many bytes tell the format: the largest need is a list of brands in an AVIF's `ftyp` box.
    package static let signatureBytes = 64

    /// What a file that begins so is; nil: no image, or none of these.
    ///
    /// PNG: https://www.w3.org/TR/png-3/#5PNG-file-signature. JPEG: SOI and the first marker (ITU-T T.81 §B.1.1.3).
    /// WebP: RFC 9649 §2.3. AVIF: a `ftyp` box that names its brand (https://aomediacodec.github.io/av1-avif/#brands).
    package init?(beginning bytes: [UInt8]) {
        func has(_ text: StaticString, at offset: Int) -> Bool {
            text.withUTF8Buffer { bytes.dropFirst(offset).prefix($0.count).elementsEqual($0) }
        }
        if bytes.starts(with: [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]) {
            self = .png
        } else if bytes.starts(with: [0xff, 0xd8, 0xff]) {
            self = .jpeg
        } else if has("RIFF", at: 0), has("WEBP", at: 8) {
            self = .webp
        } else if has("ftyp", at: 4), bytes.count >= 16 {
            // The major brand, a version, and the compatible brands, as many as the box has room for.
            let end = bytes.prefix(4).reduce(0) { $0 << 8 | Int($1) }
            let brands = [8] + stride(from: 16, to: min(end, bytes.count) - 3, by: 4)
            guard brands.contains(where: { has("avif", at: $0) || has("avis", at: $0) }) else { return nil }
            self = .avif
        } else {
            return nil
        }
    }
}
