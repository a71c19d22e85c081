/// One log line while it is put together. Whatever a value holds, the line stays one line and its fields can be told
/// apart.
struct LogLine {
    /// The fields every record has. Metadata of the same name gets a `_` at its end, so that no key stands twice.
    private static let reserved: Set<String> = ["time", "level", "logger", "msg"]
    private static let hexDigits = Array("0123456789abcdef".utf8)

    private let format: LogFormat
    private var bytes: [UInt8] = []
    private var fields = 0

    init(format: LogFormat) {
        self.format = format
        bytes.reserveCapacity(256)
        if format == .json { bytes.append(UInt8(ascii: "{")) }
    }

    mutating func append(_ key: String, _ value: String) {
        // The first four fields are the reserved ones themselves.
        let key = fields >= Self.reserved.count && Self.reserved.contains(key) ? key + "_" : key
        switch format {
        case .logfmt:
            if fields > 0 { bytes.append(UInt8(ascii: " ")) }
            for byte in key.utf8 { bytes.append(Self.isPlain(byte) ? byte : UInt8(ascii: "_")) }
            bytes.append(UInt8(ascii: "="))
            if !value.isEmpty && value.utf8.allSatisfy(Self.isPlain) {
                bytes.append(contentsOf: value.utf8)
            } else {
                appendQuoted(value)
            }
        case .json:
            if fields > 0 { bytes.append(UInt8(ascii: ",")) }
            appendQuoted(key)
            bytes.append(UInt8(ascii: ":"))
            appendQuoted(value)
        }
        fields += 1
    }

    func finished() -> [UInt8] {
        bytes + (format == .json ? [UInt8(ascii: "}"), UInt8(ascii: "\n")] : [UInt8(ascii: "\n")])
    }

    /// Whether a byte may stand in logfmt without quotes.
    private static func isPlain(_ byte: UInt8) -> Bool {
        byte > 0x20 && byte != 0x7f && byte != UInt8(ascii: "=") && byte != UInt8(ascii: "\"")
            && byte != UInt8(ascii: "\\")
    }

    /// A JSON string (RFC 8259 §7), which logfmt readers understand as well.
    private mutating func appendQuoted(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                bytes.append(UInt8(ascii: "\\"))
                bytes.append(byte)
            case UInt8(ascii: "\n"):
                bytes.append(contentsOf: "\\n".utf8)
            case UInt8(ascii: "\r"):
                bytes.append(contentsOf: "\\r".utf8)
            case UInt8(ascii: "\t"):
                bytes.append(contentsOf: "\\t".utf8)
            case 0..<0x20, 0x7f:
                bytes.append(contentsOf: "\\u00".utf8)
                bytes.append(Self.hexDigits[Int(byte >> 4)])
                bytes.append(Self.hexDigits[Int(byte & 15)])
            default:
                bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }
}
