import Foundation
import NIOCore
import NIOPosix
import TestSupport
import Testing

@testable import LoadTest

/// The generator does not flatter the service (pitfall P27), nor itself (P28).
@Suite("Honesty", .serialized, .timeLimit(.minutes(3)))
struct HonestyTests {
    /// Looks at one page; sells nothing.
    static func looks(_ arrivals: [ArrivalPhase], connections: Int, timeout: Int = 20) -> Scenario {
        var scenario = Scenario(arrivals: arrivals, journeys: [Journey(kind: .browse(paths: ["/page"]))])
        scenario.sale = nil
        scenario.traffic.connections = connections
        scenario.timeoutSeconds = timeout
        return scenario
    }

    @Test("P27: a server that stands still for a second of ten shows in the corrected latencies, not in the others")
    func stall() async throws {
        let server = try await FixedServer(threads: 1)
        async let record = ShopRun.run(
            Self.looks([.steady(rate: 300, seconds: 10)], connections: 8), at: server.port)
        // In mid-run, whenever it began.
        while server.requests < 1000 { try await Task.sleep(for: .milliseconds(5)) }
        server.standStill(for: .seconds(1))
        let report = RunReport(try await record)
        let series = try #require(report.latencies["browse"])
        #expect(series.corrected.count == 3000)
        // A tenth of all was due while it stood still: the slowest hundredth waited for nearly all of that second, and
        // longer where the machine has no time for the test itself.
        #expect(series.corrected.p99Ms > 800, "\(series.corrected)")
        #expect(series.uncorrected.p99Ms < series.corrected.p99Ms / 2, "\(series.uncorrected)")
        #expect(series.uncorrected.maxMs > 900, "\(series.uncorrected)")
        #expect(report.generator.heldBack > 100)
        try await server.stop()
    }

    @Test("P28: a run at five times what the generator can send is marked, and the program ends with 2")
    func overload() async throws {
        let server = try await FixedServer(threads: 2)
        // What it can send: as much as it gets rid of when all is due at once.
        let burst = RunReport(
            try await ShopRun.run(
                Self.looks([.counted(.burst(seconds: 0.1), count: 20_000)], connections: 64), at: server.port))
        let capacity = 20_000 / burst.seconds
        let folder = try temporaryDirectory("overload")
        let file = folder.appending(path: "scenario.yaml")
        let rate = Int(5 * capacity)
        try """
        arrivals: [{steady: \(rate)/s, for: 2s}]
        journeys: [{journey: browse, paths: [/page]}]
        traffic: {connections: 64}
        timeout: 6s
        """.write(to: file, atomically: true, encoding: .utf8)
        let json = folder.appending(path: "report.json")
        let process = try ServerProcess(
            [
                builtProgram("loadtest"), "run", file.path, "--url", "http://127.0.0.1:\(server.port)", "--json",
                json.path,
                "--html", folder.appending(path: "report.html").path,
            ], environment: [:], log: folder.appending(path: "log"))
        #expect(process.waitUntilExit() == 2, "\(process.output)")
        #expect(process.output.contains("INVALID"), "\(process.output)")
        let report = try JSONDecoder().decode(RunReport.self, from: Data(contentsOf: json))
        #expect(report.verdict == .invalid)
        let page = try String(contentsOf: folder.appending(path: "report.html"), encoding: .utf8)
        #expect(page.contains("This run is invalid"))
        try await server.stop()
    }

    @Test("A slow service with few connections holds visits back, which is no fault of the generator")
    func slowService() async throws {
        let server = try await StandInServer { _, _ in .late(30, status: 200, body: "") }
        let report = RunReport(
            try await ShopRun.run(Self.looks([.steady(rate: 40, seconds: 2)], connections: 1), at: server.port))
        let generator = report.generator
        #expect(generator.heldBack > 20 && generator.starved < generator.heldBack)
        // A machine that has no time for the test gives it faults of its own.
        let isLate = generator.lateSends + generator.starved > 0
        let isSlow = generator.loopLagP99Ms > GeneratorRecord.lagLimitMs
        #expect(report.valid || isLate || isSlow, "\(report.invalidBecause)")
        try await server.stop()
    }

    @Test("An event loop is busy when its thread ran, or stood in line for a processor, nearly all the time")
    func busyLoop() {
        var clock = LoopClock(at: 0, .init(ran: 0, waited: 0))
        #expect(!clock.isOver(at: 99_999_999) && clock.isOver(at: 100_000_000))
        clock.note(.init(ran: 50_000_000, waited: 45_000_000), at: 100_000_000)
        #expect(clock.isBusy)
        clock.note(.init(ran: 130_000_000, waited: 45_000_000), at: 200_000_000)
        #expect(!clock.isBusy)
    }

    @Test("What is late by the generator's fault is counted together, and one per cent of it is too much")
    func faults() {
        var record = LoadRecord()
        for _ in 0..<1000 { record.began(0) }
        func faults(_ record: LoadRecord, planned: Int = 1000) -> [String] {
            GeneratorRecord(record, cpuSeconds: 1, peakMemory: 1, lostRequests: 0, loops: 1, processes: 1)
                .faults(planned: planned)
        }
        #expect(faults(record).isEmpty)
        #expect(faults(record, planned: 1011).count == 1)
        var held = record
        for _ in 0..<500 { held.waitedForConnection(60_000_000, isLoopBusy: false) }
        #expect(faults(held).isEmpty)
        for _ in 0..<11 { held.waitedForConnection(60_000_000, isLoopBusy: true) }
        #expect(faults(held).count == 1)
        for _ in 0..<100 { record.timerLate(by: 60_000_000) }
        #expect(faults(record).count == 1)
    }
}
