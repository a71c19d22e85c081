/// Bounds of a `PrometheusRegistry`.
package struct PrometheusConfiguration: Sendable {
    /// Time series kept at most; a histogram counts as one. Labels are closed sets (route, code, partition): a few hundred
    /// are expected of a program, and 49 of each of a worker's lanes. With a histogram's 17 numbers each, the text of
    /// 2,000 has about 3 MB.
    package var maximumSeries = 2_000

    /// Upper bounds, in seconds, of a timer's buckets: from a cached answer to the longest hold of a long poll.
    package var timerBounds: [Double] = [
        0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
    ]

    /// Upper bounds of an aggregating recorder's buckets: counts of things, up to a batch, a page or a backlog.
    package var recorderBounds: [Double] = [
        1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 50_000, 200_000,
    ]

    /// Other bounds for single metrics, by their swift-metrics label.
    package var boundsByLabel: [String: [Double]] = [:]

    package init() {}
}
