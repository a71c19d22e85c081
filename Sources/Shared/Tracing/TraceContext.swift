/// Where in which trace something happens, as W3C's `traceparent` header says it (W3C Trace Context, level 1, §3.2).
package struct TraceContext: Hashable, Sendable {
    package let traceHigh: UInt64
    package let traceLow: UInt64
    package let spanID: UInt64
    /// Whether spans of the trace are recorded.
    package let isSampled: Bool

    package init(traceHigh: UInt64, traceLow: UInt64, spanID: UInt64, isSampled: Bool) {
        self.traceHigh = traceHigh
        self.traceLow = traceLow
        self.spanID = spanID
        self.isSampled = isSampled
    }

    /// Reads `00-TRACE-SPAN-FLAGS` in lower-case hexadecimal; nil for everything else. Of later versions the same first
    /// fields are read, as §4.3 wants it.
    package init?(traceparent text: some StringProtocol) {
        let bytes = text.utf8
        // Only as much as is looked at: the rest of a later version may be of any length.
        let head = Array(bytes.prefix(Self.length + 1))
        guard head.count >= Self.length, head[2] == Self.hyphen, head[35] == Self.hyphen, head[52] == Self.hyphen,
            let version = Self.number(head[0..<2]), version != 0xff,
            head.count == Self.length || (version > 0 && head[Self.length] == Self.hyphen),
            let high = Self.number(head[3..<19]), let low = Self.number(head[19..<35]), high | low != 0,
            let span = Self.number(head[36..<52]), span != 0, let flags = Self.number(head[53..<55])
        else { return nil }
        self.init(traceHigh: high, traceLow: low, spanID: span, isSampled: flags & 1 == 1)
    }

    package var traceparent: String { "00-\(traceID)-\(Self.hex(spanID))-\(isSampled ? "01" : "00")" }

    /// 32 hexadecimal digits.
    package var traceID: String { Self.hex(traceHigh) + Self.hex(traceLow) }

    /// 16 hexadecimal digits.
    package static func hex(_ number: UInt64) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }

    private static let length = 55
    private static let hyphen = UInt8(ascii: "-")

    private static func number(_ digits: ArraySlice<UInt8>) -> UInt64? {
        var number: UInt64 = 0
        for digit in digits {
            switch digit {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): number = number << 4 | UInt64(digit - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"): number = number << 4 | UInt64(digit - UInt8(ascii: "a") + 10)
            default: return nil
            }
        }
        return number
    }
}
