package import OnsaleConfiguration

/// So many at once, which come back evenly within `period`: `10/5m` is ten at once and then one every 30 seconds.
package struct RateLimit: Hashable, Sendable, CustomStringConvertible {
    package let burst: Int
    package let period: Duration

    package init(burst: Int, period: Duration) {
        self.burst = burst
        self.period = period
    }

    /// In which one comes back.
    var each: Duration { period / burst }

    /// Reads `BURST/PERIOD` as an environment variable has it; nil for anything else.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let burst = Int(parts[0]), (1...1_000_000).contains(burst),
            let period = DurationSetting.parse(String(parts[1])),
            (Duration.milliseconds(1)...Duration.seconds(86_400)).contains(period), period / burst >= .microseconds(1)
        else { return nil }
        self.init(burst: burst, period: period)
    }

    package var description: String { "\(burst)/\(period)" }
}

extension ConfigReader {
    /// A limit, or nil for `off`.
    package func rateLimit(_ key: ConfigKey, default fallback: RateLimit?) throws(ConfigurationError) -> RateLimit? {
        guard optional(key) != nil else { return fallback }
        let allowed = "off, or how many within what time, such as 10/5m"
        return try required(key, as: RateLimit?.self, allowed: allowed) { text in
            text == "off" ? .some(nil) : RateLimit(text).map { .some($0) }
        }
    }
}
