import Testing

@testable import LoadTest

@Suite("Live view")
struct LiveViewTests {
    private static func sample(_ count: Int, latency: Instant) -> LiveSample {
        var record = LoadRecord()
        for _ in 0..<count {
            record.began(0)
            record.accepted += 1
            record.answered(.accept, sinceIntended: latency, sinceSent: latency)
        }
        return LiveSample(record)
    }

    @Test("Rates and latencies are of the time since the last sample")
    func recent() {
        var view = LiveView(visits: 1000, plannedSeconds: 10, width: 100)
        _ = view.lines(Self.sample(100, latency: 1_000_000), seconds: 1)
        var second = Self.sample(100, latency: 1_000_000)
        second.merge(Self.sample(400, latency: 80_000_000))
        let lines = view.lines(second, seconds: 2)
        #expect(lines[0].contains("50 %  500 of 1000 visits"))
        #expect(lines[1].contains("sent    400/s"))
        #expect(lines[2].contains("p50 80."))
        #expect(lines[3].contains("backlog 500 in flight"))
        #expect(lines[4].contains("▃█"))
    }

    @Test("No line is wider than the terminal, however long the run")
    func width() {
        var view = LiveView(visits: 100_000, plannedSeconds: 1000, width: 50)
        for second in 1...200 {
            let lines = view.lines(Self.sample(second * 10, latency: 1_000_000), seconds: Double(second))
            #expect(lines.allSatisfy { $0.count <= 50 })
        }
    }

    @Test("Before anything has come the view is empty, not broken")
    func empty() {
        var view = LiveView(visits: 0, plannedSeconds: 0)
        let lines = view.lines(LiveSample(), seconds: 0)
        #expect(lines[0].contains("0 %") && lines[2].contains("none"))
        #expect(LiveView.line(LiveSample(), seconds: 1).contains("sent 0"))
    }
}
