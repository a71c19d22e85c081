import Foundation

extension HTTPReplyDecoder {
    enum Framing: Equatable {
        case empty
        case length(Int)
        case chunked
    }

    /// Status line and the five headers that matter, read in place.
    struct Head {
        private(set) var status = 0
        private(set) var framing = Framing.empty
        private(set) var etag: String?
        private(set) var retryAfter: Int?
        private(set) var closes = false
        /// Bytes up to and including the empty line.
        private(set) var length = 0

        /// nil while the head is incomplete.
        init?(_ bytes: UnsafeRawBufferPointer) throws(LoadTestError) {
            guard let lineEnd = Head.endOfLine(bytes, from: 0) else { return nil }
            // "HTTP/1.1 200": the three digits stand at 9..<12.
            guard lineEnd >= 12, bytes[0] == UInt8(ascii: "H"), let status = Head.number(bytes[9..<12]) else {
                throw LoadTestError(.malformedReply, "no status line")
            }
            self.status = status
            var position = lineEnd + 1
            while let end = Head.endOfLine(bytes, from: position) {
                let contentEnd = end > position && bytes[end - 1] == UInt8(ascii: "\r") ? end - 1 : end
                if contentEnd == position {
                    length = end + 1
                    // RFC 9112 §6.3: these never have a body, whatever their headers say.
                    if status < 200 || status == 204 || status == 304 { framing = .empty }
                    return
                }
                read(UnsafeRawBufferPointer(rebasing: bytes[position..<contentEnd]))
                position = end + 1
            }
            return nil
        }

        private mutating func read(_ line: UnsafeRawBufferPointer) {
            // Most headers are passed over by their first letter, and the rest by the length of their name.
            switch line[0] | 0x20 {
            case UInt8(ascii: "c"), UInt8(ascii: "e"), UInt8(ascii: "r"), UInt8(ascii: "t"): break
            default: return
            }
            guard let base = line.baseAddress, let found = memchr(base, Int32(UInt8(ascii: ":")), line.count) else {
                return
            }
            switch UnsafeRawPointer(found) - base {
            case 4 where Head.matches(line, "etag"): etag = Head.text(line[5...])
            case 10 where Head.matches(line, "connection"): closes = Head.text(line[11...]).lowercased() == "close"
            case 11 where Head.matches(line, "retry-after"): retryAfter = Int(Head.text(line[12...]))
            case 14 where Head.matches(line, "content-length") && framing != .chunked:
                framing = .length(Head.number(Head.trimmed(line[15...])) ?? 0)
            case 17 where Head.matches(line, "transfer-encoding"): framing = .chunked
            default: return
            }
        }

        private static func endOfLine(_ bytes: UnsafeRawBufferPointer, from start: Int) -> Int? {
            guard start < bytes.count, let base = bytes.baseAddress else { return nil }
            guard let found = memchr(base + start, Int32(UInt8(ascii: "\n")), bytes.count - start) else { return nil }
            return UnsafeRawPointer(found) - base
        }

        /// nil for what is no number, or one of more digits than any length has.
        private static func number(_ digits: Slice<UnsafeRawBufferPointer>) -> Int? {
            guard digits.count <= 18 else { return nil }
            return digits.reduce(Optional(0)) { sum, digit in
                guard let sum, (0x30...0x39).contains(digit) else { return nil }
                return sum * 10 + Int(digit - 0x30)
            }
        }

        /// Compares a header's name without regard to case; the caller has compared the length.
        private static func matches(_ line: UnsafeRawBufferPointer, _ name: StaticString) -> Bool {
            let expected = UnsafeRawBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount)
            // Setting bit 5 lower-cases letters and leaves the hyphen as it is.
            return zip(line, expected).allSatisfy { $0 | 0x20 == $1 }
        }

        private static func text(_ value: Slice<UnsafeRawBufferPointer>) -> String {
            String(decoding: trimmed(value), as: UTF8.self)
        }

        private static func trimmed(_ value: Slice<UnsafeRawBufferPointer>) -> Slice<UnsafeRawBufferPointer> {
            let space = UInt8(ascii: " ")
            let start = value.firstIndex { $0 != space } ?? value.endIndex
            let end = value.lastIndex { $0 != space }.map { $0 + 1 } ?? start
            return value[start..<max(start, end)]
        }
    }
}
