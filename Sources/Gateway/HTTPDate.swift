import Glibc
import Synchronization

/// The `Date` of answers (RFC 9110 §5.6.7), written once a second.
final class HTTPDate: Sendable {
    private let last = Mutex<(second: Int, text: String)>((.min, ""))

    func now() -> String {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME_COARSE, &time)
        let second = time.tv_sec
        return last.withLock { last in
            if last.second != second { last = (second, Self.text(second: second)) }
            return last.text
        }
    }

    /// - Parameter second: Seconds since 1970, UTC.
    static func text(second: Int) -> String {
        var second = second
        var parts = tm()
        gmtime_r(&second, &parts)
        func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let day = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"][Int(parts.tm_wday)]
        let month = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let time = "\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec))"
        return "\(day), \(two(parts.tm_mday)) \(month[Int(parts.tm_mon)]) \(parts.tm_year + 1900) \(time) GMT"
    }
}
