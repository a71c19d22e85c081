/// The text form of a length of time: `250ms`, `10`, `10s`, `0.5s`, `5m`, `2h`, `1d`. No unit means seconds.
package enum DurationSetting {
    /// Milliseconds of each unit. `ms` stands before `m` and `s`, because it ends like the latter.
    private static let units: [(suffix: String, milliseconds: Double)] = [
        ("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000),
    ]

    /// The longest accepted time, one year in milliseconds: enough for any setting, far from any overflow.
    private static let longest: Double = 366 * 86_400_000

    package static func parse(_ text: String) -> Duration? {
        let unit = units.first { text.hasSuffix($0.suffix) }
        let digits = unit.map { text.dropLast($0.suffix.count) } ?? text[...]
        // `Double.init` would also take "nan", "0x1p3" and "1e9".
        guard digits.allSatisfy({ ("0"..."9").contains($0) || $0 == "." }), let number = Double(digits) else {
            return nil
        }
        let milliseconds = number * (unit?.milliseconds ?? 1_000)
        guard milliseconds <= longest else { return nil }
        return .milliseconds(Int64(milliseconds.rounded()))
    }
}
