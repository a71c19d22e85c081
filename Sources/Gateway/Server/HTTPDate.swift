import Foundation
import Synchronization

/// The `Date` of answers (RFC 9110 §5.6.7), written once a second.
final class HTTPDate: Sendable {
    private let last = Mutex<(second: Int64, text: String)>((.min, ""))

    func now() -> String {
        let second = Int64(Date().timeIntervalSince1970)
        return last.withLock { last in
            if last.second != second { last = (second, Self.text(second: second)) }
            return last.text
        }
    }

    /// - Parameter second: Seconds since 1970, UTC, not before.
    static func text(second: Int64) -> String {
        let days = second / 86_400
        let (year, month, day) = Timestamp.civil(days: days)
        func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
        // 1970 began on a Thursday.
        let weekday = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"][Int(days % 7)]
        let name = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"][Int(month) - 1]
        let time = "\(two(second / 3_600 % 24)):\(two(second / 60 % 60)):\(two(second % 60))"
        return "\(weekday), \(two(day)) \(name) \(year) \(time) GMT"
    }
}
