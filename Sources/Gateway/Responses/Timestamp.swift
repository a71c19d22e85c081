import Foundation
import NIOCore

/// Times in JSON: RFC 3339, in UTC, with milliseconds.
enum Timestamp {
    /// The years that four digits can name, in milliseconds since 1970.
    private static let range: ClosedRange<Int64> = -62_167_219_200_000...253_402_300_799_999

    static func milliseconds(_ date: Date) -> Int64 {
        let milliseconds = (date.timeIntervalSince1970 * 1000).rounded()
        return Int64(min(max(milliseconds, Double(range.lowerBound)), Double(range.upperBound)))
    }

    static func text(_ date: Date) -> String {
        var buffer = ByteBuffer()
        buffer.writeTimestamp(milliseconds: milliseconds(date))
        return String(buffer: buffer)
    }

    /// Reads an RFC 3339 time with any offset; nil for anything else, also for the 30th of February.
    static func parse(_ text: String) -> Date? {
        var scanner = Scanner(text: Array(text.utf8))
        guard let year = scanner.number(digits: 4), scanner.take("-"), let month = scanner.number(digits: 2),
            scanner.take("-"), let day = scanner.number(digits: 2), scanner.take("Tt "),
            let hour = scanner.number(digits: 2), scanner.take(":"), let minute = scanner.number(digits: 2),
            scanner.take(":"), let second = scanner.number(digits: 2),
            (1...12).contains(month), (1...lastDay(of: month, year: year)).contains(day), hour < 24, minute < 60,
            second < 60, let fraction = scanner.fraction(), let offset = scanner.offsetMinutes(), scanner.isAtEnd
        else { return nil }
        let seconds = days(year: year, month: month, day: day) * 86_400 + hour * 3_600 + (minute - offset) * 60 + second
        return Date(timeIntervalSince1970: Double(seconds) + fraction)
    }

    private struct Scanner {
        let text: [UInt8]
        var position = 0

        var isAtEnd: Bool { position == text.count }

        mutating func take(_ anyOf: StaticString) -> Bool {
            guard position < text.count, anyOf.withUTF8Buffer({ $0.contains(text[position]) }) else { return false }
            position += 1
            return true
        }

        mutating func number(digits: Int) -> Int? {
            guard position + digits <= text.count else { return nil }
            var value = 0
            for byte in text[position..<position + digits] {
                guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
                value = value * 10 + Int(byte - UInt8(ascii: "0"))
            }
            position += digits
            return value
        }

        /// 0 when there is none; nil when the point has no digit after it.
        mutating func fraction() -> Double? {
            guard take(".") else { return 0 }
            var value = 0.0
            var scale = 0.1
            let start = position
            while let digit = number(digits: 1) {
                value += Double(digit) * scale
                scale /= 10
            }
            return position > start ? value : nil
        }

        mutating func offsetMinutes() -> Int? {
            if take("Zz") { return 0 }
            let sign = take("+") ? 1 : take("-") ? -1 : 0
            guard sign != 0, let hours = number(digits: 2), take(":"), let minutes = number(digits: 2), hours < 24,
                minutes < 60
            else { return nil }
            return sign * (hours * 60 + minutes)
        }
    }

    private static func lastDay(of month: Int, year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// Days since 1970-01-01: `days_from_civil` of https://howardhinnant.github.io/date_algorithms.html.
    private static func days(year: Int, month: Int, day: Int) -> Int {
        let year = month <= 2 ? year - 1 : year
        let era = (year >= 0 ? year : year - 399) / 400
        let yearOfEra = year - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    /// The inverse, `civil_from_days` of the same page.
    static func civil(days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let days = days + 719_468
        let era = (days >= 0 ? days : days - 146_096) / 146_097
        let dayOfEra = days - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shifted + 2) / 5 + 1)
    }
}

extension ByteBuffer {
    /// `2026-01-02T03:04:05.678Z`, 24 bytes, without quotes.
    mutating func writeTimestamp(milliseconds: Int64) {
        let day = milliseconds.quotientFloor(86_400_000)
        let inDay = milliseconds - day * 86_400_000
        let (year, month, date) = Timestamp.civil(days: day)
        writeWithUnsafeMutableBytes(minimumWritableBytes: 24) { text in
            func write(_ value: Int64, digits: Int, at position: Int, then separator: UInt8) {
                var rest = value
                for offset in stride(from: digits - 1, through: 0, by: -1) {
                    text[position + offset] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
                    rest /= 10
                }
                text[position + digits] = separator
            }
            write(year, digits: 4, at: 0, then: UInt8(ascii: "-"))
            write(month, digits: 2, at: 5, then: UInt8(ascii: "-"))
            write(date, digits: 2, at: 8, then: UInt8(ascii: "T"))
            write(inDay / 3_600_000, digits: 2, at: 11, then: UInt8(ascii: ":"))
            write(inDay / 60_000 % 60, digits: 2, at: 14, then: UInt8(ascii: ":"))
            write(inDay / 1_000 % 60, digits: 2, at: 17, then: UInt8(ascii: "."))
            write(inDay % 1_000, digits: 3, at: 20, then: UInt8(ascii: "Z"))
            return 24
        }
    }
}

extension Int64 {
    /// Division that rounds towards minus infinity.
    fileprivate func quotientFloor(_ divisor: Int64) -> Int64 {
        self >= 0 ? self / divisor : (self - divisor + 1) / divisor
    }
}
