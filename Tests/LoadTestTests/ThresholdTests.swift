import Testing

@testable import LoadTest

@Suite("Thresholds")
struct ThresholdTests {
    @Test("Metrics, comparisons and units are understood")
    func parsing() throws {
        let first = try Threshold("p99.9(accept) < 50ms")
        #expect(first.metric == .percentile(99.9, .accept, corrected: true))
        #expect(first.comparison == .below && first.bound == 50)
        #expect(try Threshold("max(log-in)<=2s").metric == .percentile(100, .logIn, corrected: true))
        #expect(try Threshold("max(log-in)<=2s").bound == 2000)
        #expect(try Threshold("mean(browse, uncorrected) > 1ms").metric == .mean(.browse, corrected: false))
        #expect(try Threshold("violations == 0").metric == .figure(.violations))
        #expect(try Threshold("confirmed_rate >= 5_000").bound == 5000)
        #expect(try Threshold("sold_out_after < 2m").bound == 120)
    }

    @Test(
        "What makes no sense is refused, and why is said",
        arguments: [
            ("p99(accept)", "comparison"), ("p99(accept) < 50", "need a unit"), ("p101(accept) < 1s", "not known"),
            ("pp(accept) < 1s", "not known"), ("p99(sleep) < 1s", "series"), ("beauty > 5", "not known"),
            ("violations == none", "no value"), ("p99(accept, other) < 1s", "uncorrected"), ("", "comparison"),
        ])
    func mistakes(text: String, message: String) {
        let error = #expect(throws: LoadTestError.self) { try Threshold(text) }
        #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
    }

    @Test(
        "A measured value is compared, and nothing measured holds nothing",
        arguments: [
            ("violations == 0", 0, true), ("violations == 0", 1, false), ("violations != 0", 1, true),
            ("accepted > 5", 5, false), ("accepted >= 5", 5, true), ("accepted < 5", 5, false),
            ("accepted <= 5", 5, true),
        ])
    func results(text: String, measured: Double, holds: Bool) throws {
        let threshold = try Threshold(text)
        #expect(ThresholdResult(threshold, measured: measured).holds == holds)
        #expect(!ThresholdResult(threshold, measured: nil).holds)
    }
}
