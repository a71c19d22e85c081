/// The encoding of RFC 2045 §6.7: any text in short lines of ASCII, plain where the text is.
enum QuotedPrintable {
    /// Characters of a line, the soft break's equals sign included.
    private static let lineLength = 76

    /// Line ends of any kind become CRLF.
    static func encode(_ text: String) -> String {
        let bytes = Array(text.utf8)
        var output: [UInt8] = []
        output.reserveCapacity(bytes.count + bytes.count / 8)
        var column = 0
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            let next = index + 1 < bytes.count ? bytes[index + 1] : newline
            index += 1
            if byte == carriageReturn && next == newline { continue }
            if byte == newline || byte == carriageReturn {
                output += [carriageReturn, newline]
                column = 0
                continue
            }
            // A space at the end of a line may be lost on the way.
            let isBlankAtEnd = (byte == 0x20 || byte == 0x09) && (next == newline || next == carriageReturn)
            let encoded = isPlain(byte) && !isBlankAtEnd ? [byte] : [equals, digit(byte >> 4), digit(byte & 15)]
            if column + encoded.count > lineLength - 1 {
                output += [equals, carriageReturn, newline]
                column = 0
            }
            output += encoded
            column += encoded.count
        }
        return String(decoding: output, as: UTF8.self)
    }

    private static let newline = UInt8(ascii: "\n")
    private static let carriageReturn = UInt8(ascii: "\r")
    private static let equals = UInt8(ascii: "=")

    private static func isPlain(_ byte: UInt8) -> Bool {
        (0x20...0x7e).contains(byte) && byte != equals || byte == 0x09
    }

    private static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "A") + value - 10
    }
}
