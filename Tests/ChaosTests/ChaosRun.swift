import Foundation
import Synchronization
import TestSupport

@testable import IntegrationTests

/// A sale under open-model load while a seeded nemesis breaks its parts; then all is healed, and the books are audited.
struct ChaosRun {
    var seed: UInt64
    /// How long buyers come.
    var seconds: Int
    /// Settings of the workers: a negative control takes a guard away.
    var workerSettings: [String: String] = [:]
    /// How long what is still under way after the load, and then the books, may take to come to rest.
    var patience = 60

    /// Buyers a second: about a quarter of what debug builds of all programs sell on two cores, so that what was held up
    /// is caught up with.
    private static let rate = 150
    /// No fault begins in the first second of the load, nor is one healed in the last of it: there the rate comes back,
    /// and after that the event sells out, since that the last ticket sells is promised as well.
    private static let calmBefore = 1
    private static let calmAfter = 12
    private static let sellsOutBefore = 2.5
    private static let declined = 0.05
    private static let quantities = 1...2

    func run() async throws -> ChaosReport {
        let stack = try await ChaosStack(workerSettings: workerSettings)
        let journal = Journal()
        do {
            let report = try await run(on: stack, noting: journal)
            // A negative control is not to be understood but to fail.
            if !report.isClean, workerSettings.isEmpty { try keepLogs(of: stack, journal) }
            return report
        } catch {
            try keepLogs(of: stack, journal)
            throw error
        }
    }

    private func run(on stack: ChaosStack, noting journal: Journal) async throws -> ChaosReport {
        let result = stack.sale.directory.appending(path: "result.json")
        let load = try stack.sale.startLoad(
            loadArguments + ["--json", result.path], through: URL(string: "http://127.0.0.1:\(stack.clients.port)")!)
        try await eventually("the sale is open", within: .seconds(60)) { load.output.contains("the sale is open") }
        let schedule = FaultSchedule(
            seed: seed, lasting: .seconds(seconds - ChaosRun.calmBefore - ChaosRun.calmAfter))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await stack.supervise() }
            try await inflict(schedule, on: stack, noting: journal)
            let limit = Duration.seconds(seconds + 3 * patience + 30)
            let status = try await load.exitStatus(within: limit)
            journal.note("the load generator has ended with \(status)")
            group.cancelAll()
            while let outcome = await group.nextResult() {
                if case .failure(let error) = outcome, !(error is CancellationError) { throw error }
            }
        }
        var violations = try await leftOver(stack)
        if workerSettings.isEmpty { violations += stack.endedByThemselves }
        violations += try await stack.stop()
        guard let data = try? Data(contentsOf: result) else {
            throw ServerError(description: "the load generator has written no result:\n\(load.output.suffix(4_000))")
        }
        return ChaosReport(
            seed: seed, seconds: seconds, rate: ChaosRun.rate, faults: schedule.faults, lastHeal: journal.lastHeal,
            load: try JSONDecoder().decode(LoadResult.self, from: data), leftOver: violations)
    }

    private var loadArguments: [String] {
        let mean = Double(ChaosRun.quantities.lowerBound + ChaosRun.quantities.upperBound) / 2
        let buyers = Double(ChaosRun.rate) * (Double(seconds) - ChaosRun.sellsOutBefore)
        let tickets = buyers * mean * (1 - ChaosRun.declined)
        return [
            "--tickets", "\(Int(tickets))", "--buyers", "\(ChaosRun.rate * seconds)", "--rate", "\(ChaosRun.rate)",
            "--max-quantity", "\(ChaosRun.quantities.upperBound)", "--decline-percent", "\(ChaosRun.declined * 100)",
            "--connections", "64", "--poll-connections", "512", "--timeout", "\(seconds + patience)",
            "--rest-timeout", "\(patience)", "--seed", "\(seed)",
        ]
    }

    private func inflict(_ schedule: FaultSchedule, on stack: ChaosStack, noting journal: Journal) async throws {
        let start = ContinuousClock.now + .seconds(ChaosRun.calmBefore)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for fault in schedule.faults {
                group.addTask {
                    try await Task.sleep(until: start + fault.begins, clock: .continuous)
                    journal.note("\(fault)")
                    try await stack.begin(fault)
                    try await Task.sleep(until: start + fault.ends, clock: .continuous)
                    try await stack.heal(fault)
                    journal.noteHeal("end of \(fault)")
                }
            }
            try await group.waitForAll()
        }
    }

    /// What must not be left once every buyer has an answer, beside what the load generator audits.
    private func leftOver(_ stack: ChaosStack) async throws -> [String] {
        var violations: [String] = []
        let inRedis = try await stack.sale.leftInRedis()
        if inRedis != "0 entries, 0 dead, 0 pending records" { violations.append("Redis holds \(inRedis)") }
        let pending = try stack.sale.count("SELECT count(*) FROM ticket_orders WHERE status IN ('pending', 'paid')")
        if pending != 0 { violations.append("\(pending) orders are not final in Postgres") }
        let captured = try stack.sale.capturedWithoutTickets()
        if captured != 0 { violations.append("\(captured) captured charges have neither tickets nor a refund") }
        return violations
    }

    /// Keeps what is needed to understand a failure, where the next build does not remove it.
    private func keepLogs(of stack: ChaosStack, _ journal: Journal) throws {
        let folder = URL(filePath: FileManager.default.currentDirectoryPath).appending(path: ".build/chaos-\(seed)")
        try? FileManager.default.removeItem(at: folder)  // Of an earlier run, if there was one.
        try FileManager.default.copyItem(at: stack.sale.directory, to: folder)
        try journal.text.write(to: folder.appending(path: "faults.log"), atomically: false, encoding: .utf8)
        print("logs            \(folder.path)")
    }
}

/// What the nemesis did, and when.
private final class Journal: Sendable {
    private struct State {
        var lines: [String] = []
        var lastHeal = Date()
    }

    private let state = Mutex(State())

    var text: String { state.withLock { $0.lines.joined(separator: "\n") + "\n" } }
    var lastHeal: Date { state.withLock { $0.lastHeal } }

    func note(_ event: String) {
        let time = Date().ISO8601Format(.iso8601(timeZone: .gmt, includingFractionalSeconds: true))
        state.withLock { $0.lines.append("\(time) \(event)") }
    }

    func noteHeal(_ event: String) {
        note(event)
        let now = Date()
        state.withLock { $0.lastHeal = now }
    }
}
