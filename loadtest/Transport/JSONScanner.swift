import NIOCore

/// Finds members of a JSON object without building anything: one pass over the bytes, no allocation but the strings
/// that are asked for. JSONDecoder costs about as much as the rest of a request together.
///
/// Names and string values are compared and returned as they stand in the text: the identifiers, states and codes it is
/// used for have no escapes.
struct JSONScanner {
    /// The bytes of a value: a string without its quotes, anything else as it stands.
    typealias Value = Slice<UnsafeRawBufferPointer>

    /// Calls `visit` with the name and value of each member of the outermost object in `bytes`. Stops where the text
    /// stops making sense.
    static func members(of bytes: UnsafeRawBufferPointer, _ visit: (_ name: Value, _ value: Value) -> Void) {
        var position = bytes.firstIndex(of: UInt8(ascii: "{")).map { $0 + 1 } ?? bytes.count
        while let name = string(bytes, &position), skip(to: UInt8(ascii: ":"), bytes, &position) {
            guard let value = value(bytes, &position) else { return }
            visit(name, value)
            guard skip(to: UInt8(ascii: ","), bytes, &position) else { return }
        }
    }

    static func equal(_ value: Value, _ text: StaticString) -> Bool {
        value.elementsEqual(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    static func text(_ value: Value) -> String { String(decoding: value, as: UTF8.self) }

    /// Reads `"…"` at or after white space; leaves `position` behind the closing quote.
    private static func string(_ bytes: UnsafeRawBufferPointer, _ position: inout Int) -> Value? {
        skipSpace(bytes, &position)
        guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else { return nil }
        let start = position + 1
        position = start
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: "\\"): position += 2
            case UInt8(ascii: "\""):
                position += 1
                return bytes[start..<(position - 1)]
            default: position += 1
            }
        }
        return nil
    }

    private static func value(_ bytes: UnsafeRawBufferPointer, _ position: inout Int) -> Value? {
        skipSpace(bytes, &position)
        guard position < bytes.count else { return nil }
        let start = position
        switch bytes[position] {
        case UInt8(ascii: "\""):
            return string(bytes, &position)
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            return nested(bytes, &position) ? bytes[start..<position] : nil
        default:
            while position < bytes.count, !isEnd(bytes[position]) { position += 1 }
            return bytes[start..<position]
        }
    }

    /// Passes over an object or array, strings inside it included.
    private static func nested(_ bytes: UnsafeRawBufferPointer, _ position: inout Int) -> Bool {
        var depth = 0
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: "\""):
                guard string(bytes, &position) != nil else { return false }
                continue
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
            default: break
            }
            position += 1
            if depth == 0 { return true }
        }
        return false
    }

    private static func skipSpace(_ bytes: UnsafeRawBufferPointer, _ position: inout Int) {
        while position < bytes.count, bytes[position] <= 0x20 { position += 1 }
    }

    private static func skip(to separator: UInt8, _ bytes: UnsafeRawBufferPointer, _ position: inout Int) -> Bool {
        skipSpace(bytes, &position)
        guard position < bytes.count, bytes[position] == separator else { return false }
        position += 1
        return true
    }

    private static func isEnd(_ byte: UInt8) -> Bool {
        byte <= 0x20 || byte == UInt8(ascii: ",") || byte == UInt8(ascii: "}") || byte == UInt8(ascii: "]")
    }
}
