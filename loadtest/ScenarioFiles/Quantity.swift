/// Reads numbers with units as people write them.
enum Quantity {
    private static let seconds: [(unit: String, factor: Double)] = [
        ("ms", 0.001), ("s", 1), ("m", 60), ("h", 3600),
    ]

    /// `250ms`, `1.5s`, `2m`, `1h`; nil for anything else, also for what is not finite or below 0.
    static func seconds(_ text: String) -> Double? {
        for (unit, factor) in seconds where text.hasSuffix(unit) {
            guard let value = positive(text.dropLast(unit.count)) else { continue }
            return value * factor
        }
        return nil
    }

    /// Per second: `500/s`, `3000/m`, `500`; nil for anything else, also for 0.
    static func rate(_ text: String) -> Double? {
        let parts = text.split(separator: "/", maxSplits: 1)
        guard let value = parts.first.flatMap(positive), value > 0 else { return nil }
        guard parts.count == 2 else { return text.contains("/") ? nil : value }
        return switch parts[1] {
        case "s": value
        case "m", "min": value / 60
        case "h": value / 3600
        default: nil
        }
    }

    private static func positive(_ text: Substring) -> Double? {
        let digits = text.filter { $0 != " " && $0 != "_" }
        guard let value = Double(digits), value.isFinite, value >= 0 else { return nil }
        return value
    }
}
