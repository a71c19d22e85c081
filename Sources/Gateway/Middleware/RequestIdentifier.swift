/// The `X-Request-Id` of a request, by which a proxy's log and ours are read together.
enum RequestIdentifier {
    private static let lengths = 1...64

    /// The text, if it can stand in a log and in an answer as it is: letters, digits, `.`, `_` and `-`.
    static func accepted(_ text: String?) -> String? {
        guard let text, lengths.contains(text.utf8.count), text.utf8.allSatisfy(isPlain) else { return nil }
        return text
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
