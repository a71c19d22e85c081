/// A reply of the server: every kind that RESP2, the protocol of Redis, knows.
package enum RESPValue: Sendable, Hashable {
    /// A null bulk string or a null array: there is no such value.
    case null
    case integer(Int64)
    /// A short line such as `OK`.
    case status(String)
    case bytes([UInt8])
    case array([RESPValue])
    /// An error inside a pipeline's or an array's elements; a single command throws it.
    case error(RedisServerError)

    /// The text of a status or of bytes (invalid UTF-8 is repaired), or an integer in decimal.
    package var string: String? {
        switch self {
        case .status(let text): text
        case .bytes(let bytes): String(decoding: bytes, as: UTF8.self)
        case .integer(let value): String(value)
        case .null, .array, .error: nil
        }
    }

    /// An integer, or text that is one in decimal.
    package var integer: Int64? {
        switch self {
        case .integer(let value): value
        case .status(let text): Int64(text)
        case .bytes(let bytes): Int64(String(decoding: bytes, as: UTF8.self))
        case .null, .array, .error: nil
        }
    }

    package var array: [RESPValue]? {
        if case .array(let elements) = self { elements } else { nil }
    }
}
