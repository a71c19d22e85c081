import Foundation
import Testing

@testable import LoadTest

@Suite("Scenario files")
struct ScenarioFileTests {
    static let everything = """
        name: Everything
        seed: 9
        sale:
          tickets: 500
          limitPerBuyer: 6
        arrivals:
          - spike: 1_000
            within: 500ms
          - pause: 2s
          - ramp: [10/s, 60/m]
            for: 1m
          - steady: 200
            for: 1.5s
          - steps: [100/s, 200/s]
            each: 3s
          - poisson: 50/s
            for: 10s
          - poisson: 50/s
            buyers: 20
        journeys:
          - journey: buy
            weight: 5
            maxQuantity: 4
            declinePercent: 10
            paymentMethod: pm_slow
          - { journey: buy-and-repeat, copies: 3 }
          - { journey: abandon }
          - { journey: impatient, patience: 200ms }
          - { journey: poll, times: 4 }
          - { journey: browse, paths: [/api/events] }
          - { journey: log-in, weight: 0.5 }
          - { journey: bot, accounts: 2, requests: 30, every: 5ms }
        traffic:
          connections: 64
          pollConnections: 128
          threads: 2
          http: 2
          keepAlive: false
        timeout: 90s
        rest: 10s
        queueTolerance: 500ms
        thresholds:
          - p99(accept) < 50ms
          - violations == 0
        """

    @Test("Every name is understood")
    func everything() throws {
        let scenario = try Scenario(yaml: Self.everything)
        #expect(scenario.name == "Everything" && scenario.seed == 9)
        #expect(scenario.sale == Scenario.Sale(tickets: 500, limitPerBuyer: 6))
        #expect(
            scenario.arrivals == [
                .counted(.burst(seconds: 0.5), count: 1000), .pause(seconds: 2),
                .ramp(from: 10, to: 1, seconds: 60), .steady(rate: 200, seconds: 1.5),
                .steps(rates: [100, 200], seconds: 3), .poisson(rate: 50, seconds: 10),
                .counted(.poisson(rate: 50), count: 20),
            ])
        #expect(
            scenario.journeys.map(\.kind) == [
                .buy, .buyRepeatedly(copies: 3), .abandon, .impatient(milliseconds: 200), .poll(times: 4),
                .browse(paths: ["/api/events"]), .logIn, .bot(accounts: 2, requests: 30, everyMilliseconds: 5),
            ])
        #expect(scenario.journeys[0].weight == 5 && scenario.journeys[0].maximumQuantity == 4)
        #expect(scenario.journeys[0].paymentMethod == "pm_slow" && scenario.journeys[0].declinePercent == 10)
        #expect(scenario.traffic.version == .http2 && !scenario.traffic.keepAlive && scenario.traffic.threads == 2)
        #expect(scenario.timeoutSeconds == 90 && scenario.restSeconds == 10)
        #expect(scenario.queueToleranceSeconds == 0.5 && scenario.thresholds.count == 2)
    }

    @Test("A scenario survives the way into a history and back")
    func codable() throws {
        let scenario = try Scenario(yaml: Self.everything)
        let data = try JSONEncoder().encode(scenario)
        #expect(try JSONDecoder().decode(Scenario.self, from: data) == scenario)
    }

    @Test("The scenarios that come with the generator can be read and planned")
    func examples() throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../loadtest/scenarios").standardized
        let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
            .filter { $0.pathExtension == "yaml" && !$0.lastPathComponent.hasPrefix("target") }
        #expect(files.count >= 3)
        for file in files {
            let scenario = try Scenario(file: file.path)
            #expect(!ArrivalPlan(scenario).arrivals.isEmpty, "\(file.lastPathComponent)")
        }
    }

    @Test(
        "A mistake is said with its place",
        arguments: [
            ("arrivals:\n  - spike: 10\n    whithin: 1s", "scenario:3:14: whithin is not known here"),
            ("arrivals:\n  - spike: many", "scenario:2:12: spike: a whole number"),
            ("arrivals:\n  - steady: 5/s", "scenario:2:5: for: how long is missing"),
            ("arrivals:\n  - ramp: [1]\n    for: 1s", "two rates"),
            ("arrivals:\n  - steady: 0/s\n    for: 1s", "a rate such as"),
            ("arrivals:\n  - {}", "one of spike"),
            ("arrivals: 5", "a list is expected"),
            ("name: x", "at least one phase"),
            ("- x", "names with values"),
            ("", "is empty"),
            ("arrivals: [{spike: 1}]\njourneys: [{journey: dance}]\nsale: {}", "dance is not known"),
            ("arrivals: [{spike: 1}]\njourneys: [{journey: buy}]", "need a sale"),
            ("arrivals: [{spike: 1}]\njourneys: [{maxQuantity: 5}]\nsale: {limitPerBuyer: 4}", "above limitPerBuyer"),
            ("arrivals: [{steady: 1000000/s, for: 1h}]\nsale: {}", "are possible"),
            (
                "arrivals: [{spike: 1000}]\njourneys: [{journey: bot, requests: 10000}]\nsale: {}",
                "these are about 10000000.0"
            ),
            ("arrivals: [{spike: 1}]\njourneys: [{journey: impatient, patience: 0s}]\nsale: {}", "at least 1ms"),
            ("arrivals: [{spike: 1}]\nsale: {}\nthresholds: ['p99(sleep) < 1s']", "a series is expected"),
            ("arrivals: [{spike: 1}]\ntraffic: {http: 3}\nsale: {}", "1.1 or 2"),
            ("arrivals: [", "scenario"),
        ])
    func mistakes(yaml: String, message: String) {
        let error = #expect(throws: LoadTestError.self) { try Scenario(yaml: yaml) }
        #expect(error?.code == .invalidOption)
        #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
    }
}
