import Histogram

/// The latencies of one kind of answer, as a report shows them.
struct SeriesSummary: Codable, Equatable, Sendable {
    /// A point of the percentile plot.
    struct Point: Codable, Equatable, Sendable {
        /// 0 to 100.
        var percentile: Double
        var ms: Double
    }

    let corrected: LatencySummary
    let uncorrected: LatencySummary
    let correctedPercentiles: [Point]
    let uncorrectedPercentiles: [Point]

    init(_ pair: LatencyPair) {
        self.corrected = LatencySummary(pair.corrected)
        self.uncorrected = LatencySummary(pair.uncorrected)
        self.correctedPercentiles = Self.points(pair.corrected)
        self.uncorrectedPercentiles = Self.points(pair.uncorrected)
    }

    /// Five points for each halving of the distance to 100 %, which is how the plot's axis is divided.
    private static func points(_ histogram: Histogram<UInt64>) -> [Point] {
        guard histogram.totalCount > 0 else { return [] }
        return histogram.percentiles(ticksPerHalfDistance: 5).map {
            Point(percentile: $0.percentile.rounded(toPlaces: 5), ms: Double($0.value) / 1000)
        }
    }
}
