/// The numbers of one metric with one set of labels.
protocol Series: AnyObject, Sendable {
    /// Adds this series' lines to `text`.
    ///
    /// - Parameters:
    ///   - name: The family's name.
    ///   - labels: The rendered labels without braces, `a="b",c="d"`, or nothing.
    func write(name: String, labels: String, to text: inout PrometheusText)
}

/// A number read at each scrape.
final class PullSeries: Series {
    private let value: @Sendable () -> Double

    init(_ value: @escaping @Sendable () -> Double) {
        self.value = value
    }

    func write(name: String, labels: String, to text: inout PrometheusText) {
        text.sample(name, labels: labels, value: value())
    }
}
