import Foundation

/// What a run must hold, as in `p99(accept) < 50ms`, `violations == 0` or `confirmed_rate > 5000`.
struct Threshold: Equatable, Sendable, CustomStringConvertible {
    enum Metric: Equatable, Sendable {
        /// A percentile of 0 to 100 (100 is the maximum), in milliseconds.
        case percentile(Double, LatencySeries, corrected: Bool)
        case mean(LatencySeries, corrected: Bool)
        case figure(Figure)
    }

    /// Numbers of a report by the names that thresholds use.
    enum Figure: String, CaseIterable, Sendable {
        case violations, accepted, confirmed, cancelled, refused, unresolved, sold, retries
        case acceptedRate = "accepted_rate"
        case confirmedRate = "confirmed_rate"
        case refusedRate = "refused_rate"
        case lateSends = "late_sends"
        case lostRequests = "lost_requests"
        /// Seconds until the last ticket was promised.
        case soldOutAfter = "sold_out_after"
    }

    enum Comparison: String, CaseIterable, Sendable {
        case atMost = "<="
        case atLeast = ">="
        case equal = "=="
        case unequal = "!="
        case below = "<"
        case above = ">"

        func holds(_ left: Double, _ right: Double) -> Bool {
            switch self {
            case .atMost: left <= right
            case .atLeast: left >= right
            case .equal: left == right
            case .unequal: left != right
            case .below: left < right
            case .above: left > right
            }
        }
    }

    let description: String
    let metric: Metric
    let comparison: Comparison
    /// Milliseconds for latencies, seconds for times, otherwise as it stands.
    let bound: Double

    init(_ text: String) throws(LoadTestError) {
        // Those of two characters come first in the list, so that `<=` is not read as `<`.
        guard let comparison = Comparison.allCases.first(where: { text.contains($0.rawValue) }),
            let position = text.firstRange(of: comparison.rawValue)
        else { throw Self.error(text, "a comparison such as < or == is missing") }
        self.description = text
        self.comparison = comparison
        let (name, value) = (text[..<position.lowerBound], text[position.upperBound...])
        self.metric = try Self.metric(name.trimmingCharacters(in: .whitespaces), in: text)
        self.bound = try Self.bound(value.trimmingCharacters(in: .whitespaces), for: metric, in: text)
    }

    private static func metric(_ name: String, in text: String) throws(LoadTestError) -> Metric {
        guard let open = name.firstIndex(of: "("), name.hasSuffix(")") else {
            guard let figure = Figure(rawValue: name) else {
                throw error(
                    text,
                    "\(name) is not known; known are pNN(SERIES), mean(SERIES), max(SERIES), "
                        + Figure.allCases.map(\.rawValue).joined(separator: ", "))
            }
            return .figure(figure)
        }
        let arguments = name[name.index(after: open)...].dropLast().split(separator: ",").map {
            $0.trimmingCharacters(in: .whitespaces)
        }
        guard let series = arguments.first.flatMap({ LatencySeries(rawValue: $0) }) else {
            throw error(
                text,
                "a series is expected in brackets: "
                    + LatencySeries.allCases.map(\.rawValue).joined(separator: ", "))
        }
        guard arguments.count == 1 || arguments[1...] == ["uncorrected"] else {
            throw error(text, "only `uncorrected` may follow the series")
        }
        let corrected = arguments.count == 1
        switch name[..<open] {
        case "mean": return .mean(series, corrected: corrected)
        case "max": return .percentile(100, series, corrected: corrected)
        case let statistic:
            guard statistic.hasPrefix("p"), let percent = Double(statistic.dropFirst()), (0...100).contains(percent)
            else { throw error(text, "\(statistic) is not known; p50, p99.9, mean and max are") }
            return .percentile(percent, series, corrected: corrected)
        }
    }

    private static func bound(_ value: String, for metric: Metric, in text: String) throws(LoadTestError) -> Double {
        let number: Double?
        switch metric {
        case .percentile, .mean: number = Quantity.seconds(value).map { $0 * 1000 }
        case .figure(.soldOutAfter): number = Quantity.seconds(value)
        case .figure: number = Double(value.replacing("_", with: ""))
        }
        guard let number else {
            throw error(text, "\(value) is no value for it; latencies and times need a unit, as in 50ms or 2s")
        }
        return number
    }

    private static func error(_ text: String, _ message: String) -> LoadTestError {
        LoadTestError(.invalidOption, "threshold `\(text)`: \(message)")
    }
}

/// Kept as the text it was written as.
extension Threshold: Codable {
    init(from decoder: any Decoder) throws {
        try self.init(String(from: decoder))
    }

    func encode(to encoder: any Encoder) throws {
        try description.encode(to: encoder)
    }
}
