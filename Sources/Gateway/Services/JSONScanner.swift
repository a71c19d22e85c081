/// Walks over one JSON text (RFC 8259) without building anything of it. Made for small objects of scalars; everything
/// else in them is checked and passed over.
struct JSONScanner {
    /// Deeper values are refused, as if they were no JSON: nothing here nests, and recursion must end.
    static let maximumDepth = 16

    /// A string's bytes, without quotes and with its escapes undone. Valid only while the scanner's bytes are.
    enum Text {
        case plain(UnsafeRawBufferPointer)
        case unescaped([UInt8])

        func isEqual(_ name: StaticString) -> Bool {
            name.withUTF8Buffer { name in
                switch self {
                case .plain(let bytes): bytes.elementsEqual(name)
                case .unescaped(let bytes): bytes.elementsEqual(name)
                }
            }
        }

        var string: String {
            switch self {
            case .plain(let bytes): String(decoding: bytes, as: UTF8.self)
            case .unescaped(let bytes): String(decoding: bytes, as: UTF8.self)
            }
        }
    }

    /// A value as far as the callers tell them apart.
    enum Scalar {
        case string(String)
        /// A number without fraction or exponent that fits an `Int`.
        case integer(Int)
        case otherNumber
        case bool
        case null
        /// An object or array, passed over.
        case container
    }

    let bytes: UnsafeRawBufferPointer
    var position = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// Reads the whole text as one object and calls `member` at each value; `member` must read or skip it.
    ///
    /// - Returns: false when the text is not one well-formed object, or `member` said so.
    mutating func object(_ member: (inout JSONScanner, Text) -> Bool) -> Bool {
        guard isValidUTF8 else { return false }
        skipSpace()
        guard members(member) else { return false }
        skipSpace()
        return position == bytes.count
    }

    /// Reads the value that comes next; nil when it is malformed.
    mutating func scalar() -> Scalar? {
        switch peek {
        case UInt8(ascii: "\""): string().map { .string($0.string) }
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): number()
        case UInt8(ascii: "t"): take("true") ? .bool : nil
        case UInt8(ascii: "f"): take("false") ? .bool : nil
        case UInt8(ascii: "n"): take("null") ? .null : nil
        default: skipValue() ? .container : nil
        }
    }

    /// Passes over the value that comes next; false when it is malformed or too deep.
    mutating func skipValue() -> Bool { skipValue(depth: 1) }

    // MARK: - Grammar

    var peek: UInt8 { position < bytes.count ? bytes[position] : 0 }

    mutating func take(_ byte: Unicode.Scalar) -> Bool {
        guard peek == UInt8(ascii: byte) else { return false }
        position += 1
        return true
    }

    mutating func take(_ word: StaticString) -> Bool {
        let count = word.utf8CodeUnitCount
        guard position + count <= bytes.count,
            word.withUTF8Buffer({ $0.elementsEqual(bytes[position..<position + count]) })
        else { return false }
        position += count
        return true
    }

    private mutating func skipSpace() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x09, 0x0a, 0x0d: position += 1
            default: return
            }
        }
    }

    private mutating func members(_ member: (inout JSONScanner, Text) -> Bool) -> Bool {
        guard take("{" as Unicode.Scalar) else { return false }
        skipSpace()
        if take("}" as Unicode.Scalar) { return true }
        repeat {
            skipSpace()
            guard let key = string() else { return false }
            skipSpace()
            guard take(":" as Unicode.Scalar) else { return false }
            skipSpace()
            guard member(&self, key) else { return false }
            skipSpace()
        } while take("," as Unicode.Scalar)
        return take("}" as Unicode.Scalar)
    }

    private mutating func skipValue(depth: Int) -> Bool {
        guard depth <= Self.maximumDepth else { return false }
        switch peek {
        case UInt8(ascii: "{"):
            return members { scanner, _ in scanner.skipValue(depth: depth + 1) }
        case UInt8(ascii: "["):
            position += 1
            skipSpace()
            if take("]" as Unicode.Scalar) { return true }
            repeat {
                skipSpace()
                guard skipValue(depth: depth + 1) else { return false }
                skipSpace()
            } while take("," as Unicode.Scalar)
            return take("]" as Unicode.Scalar)
        case UInt8(ascii: "\""): return string() != nil
        case UInt8(ascii: "t"): return take("true")
        case UInt8(ascii: "f"): return take("false")
        case UInt8(ascii: "n"): return take("null")
        default: return number() != nil
        }
    }

    private mutating func number() -> Scalar? {
        let isNegative = take("-" as Unicode.Scalar)
        let start = position
        var value: Int? = 0
        while let digit = digit() {
            value = value.flatMap { value in
                let (product, overflow) = value.multipliedReportingOverflow(by: 10)
                let (sum, carry) = product.addingReportingOverflow(digit)
                return overflow || carry ? nil : sum
            }
        }
        let digits = position - start
        guard digits > 0, digits == 1 || bytes[start] != UInt8(ascii: "0") else { return nil }
        var isWhole = true
        if take("." as Unicode.Scalar) {
            isWhole = false
            guard skipDigits() else { return nil }
        }
        if peek | 0x20 == UInt8(ascii: "e") {
            isWhole = false
            position += 1
            if !take("+" as Unicode.Scalar) { _ = take("-" as Unicode.Scalar) }
            guard skipDigits() else { return nil }
        }
        guard isWhole, let value else { return .otherNumber }
        return .integer(isNegative ? -value : value)
    }

    private mutating func digit() -> Int? {
        guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(peek) else { return nil }
        position += 1
        return Int(bytes[position - 1] - UInt8(ascii: "0"))
    }

    private mutating func skipDigits() -> Bool {
        guard digit() != nil else { return false }
        while digit() != nil {}
        return true
    }

    private var isValidUTF8: Bool {
        bytes.allSatisfy { $0 < 0x80 } || String(validating: bytes, as: UTF8.self) != nil
    }
}
