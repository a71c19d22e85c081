import Foundation
import Testing
import Ticketing

@testable import LoadTest

@Suite("Stored runs")
struct RunRecordTests {
    /// A record with everything that one can have.
    static func record() -> RunRecord {
        let sale = SampleSale()
        var history = sale.history
        history.visits =
            history.purchases.map(\.visit)
            + [Visit(number: 6, journey: 1, buyer: 4, quantity: 0, intendedAt: 77)]
        history.operations = history.purchases.enumerated().flatMap { place, purchase -> [LoadTest.Operation] in
            var asked = Operation(
                visit: purchase.visit.number, kind: .purchase, dueAt: purchase.intendedAt,
                invokedAt: purchase.intendedAt + 3)
            asked.end(
                at: purchase.intendedAt + 10,
                purchase.order.map { .accepted($0, etag: nil) } ?? .refused(code: "sold_out"))
            var read = Operation(visit: purchase.visit.number, kind: .poll, invokedAt: purchase.intendedAt + 11)
            guard case .ended(let status) = purchase.state else { return [asked] }
            read.end(
                at: purchase.intendedAt + 20,
                .state(OrderState(status, failure: place == 3 ? "payment_declined" : nil)))
            return [asked, read]
        }
        history.operations.append(Operation(visit: 6, kind: .browse, invokedAt: 80))
        history.earlierOrders = [SampleSale.order(99)]
        var books = sale.books
        books.repeatedTicketCodes = []
        books.orders[0].line = .init(milliseconds: 5, number: 1, committedAt: 1_700_000_000_000_000)
        history.conclude(
            keys: Dictionary(uniqueKeysWithValues: history.purchases.map { ($0.visit.number, $0.key) }))
        var scenario = Scenario(
            arrivals: [.poisson(rate: 5, seconds: 2)], journeys: [Journey(kind: .buy), Journey(kind: .logIn)])
        // Both can be read; the tests of a verdict would notice if not.
        scenario.thresholds = ["violations == 0", "confirmed > 100"].compactMap { try? Threshold($0) }
        var counted = LoadRecord()
        for _ in history.visits { counted.began(0) }
        let header = RunRecord.Header(
            scenario: scenario, target: "onsale", addresses: ["127.0.0.1:1"], startedAt: 1_700_000_000, start: 0,
            seconds: 2, ticketsWanted: 14, intendedRate: 3, environment: .current(),
            generator: GeneratorRecord(
                counted, cpuSeconds: 1, peakMemory: 1_000_000, lostRequests: 0, loops: 1, processes: 1))
        return RunRecord(header: header, history: history, snapshot: books)
    }

    @Test("A history comes back as it was, with the same report and the same verdict")
    func roundTrip() throws {
        let record = Self.record()
        let again = try RunRecord(decoding: record.encoded())
        #expect(again.header == record.header)
        #expect(again.history.visits == record.history.visits)
        #expect(again.history.operations == record.history.operations)
        #expect(again.history.purchases.map(\.state) == record.history.purchases.map(\.state))
        #expect(again.history.purchases.map(\.key) == record.history.purchases.map(\.key))
        #expect(again.history.replays == record.history.replays)
        #expect(again.history.earlierOrders == record.history.earlierOrders)
        #expect(again.snapshot?.orders.map(\.line) == record.snapshot?.orders.map(\.line))
        #expect(again.snapshot?.orders.map(\.payment) == record.snapshot?.orders.map(\.payment))
        #expect(again.snapshot?.ledger == record.snapshot?.ledger)
        let reports = (RunReport(record), RunReport(again))
        #expect(reports.0.text == reports.1.text && reports.0.verdict == reports.1.verdict)
        #expect(reports.0.timeline == reports.1.timeline)
    }

    @Test("What follows from the operations is what was seen: states, times and failures of purchases")
    func conclusion() {
        let sale = SampleSale()
        let purchases = Self.record().history.purchases
        #expect(purchases.map(\.state) == sale.history.purchases.map(\.state))
        #expect(purchases.map(\.acceptedAt) == sale.history.purchases.map(\.acceptedAt))
        #expect(purchases.map(\.endedAt)[..<4] == sale.history.purchases.map(\.endedAt)[..<4])
        #expect(purchases[3].failure == "payment_declined")
        #expect(purchases.allSatisfy { $0.attempts == 1 })
    }

    @Test("A broken promise is still broken when the history is read again")
    func violation() throws {
        var record = Self.record()
        record.snapshot?.orders.append(SampleSale.row(SampleSale.order(9), UserID(), 1, .confirmed))
        let report = RunReport(try RunRecord(decoding: record.encoded()))
        #expect(report.verdict == .brokenPromise && report.violations.contains { $0.invariant == "I1" })
    }

    @Test("A history that was cut off or changed anywhere is refused, not misread")
    func damage() throws {
        let bytes = try Self.record().encoded()
        for length in stride(from: 0, to: bytes.count, by: 7) {
            #expect(throws: LoadTestError.self) { try RunRecord(decoding: Array(bytes[..<length])) }
        }
        for place in stride(from: 0, to: bytes.count, by: 11) {
            var changed = bytes
            changed[place] ^= 0x20
            #expect(throws: LoadTestError.self) { try RunRecord(decoding: changed) }
        }
    }

    @Test("Bytes that are no history end in an error, whatever they are")
    func garbage() {
        var generator = SeededGenerator(seed: 4)
        for length in 0..<300 {
            let bytes = (0..<length).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
            var reader = ByteReader(bytes[...])
            // Whether it is read or refused does not matter here: a trap would end the tests.
            _ = try? ChapterCodec.read(&reader)
            var books = ByteReader(bytes[...])
            _ = try? SnapshotCodec.read(&books)
        }
    }

    @Test("Numbers of every size come back", arguments: [0, 1, -1, 63, 64, -64, -65, 1 << 40, .max, .min])
    func numbers(value: Int) throws {
        var writer = ByteWriter()
        writer.write(value)
        var reader = ByteReader(writer.bytes[...])
        #expect(try reader.whole() == value && reader.remaining == 0)
    }

    @Test("An operation takes few bytes")
    func size() throws {
        let count = 10_000
        var chapter = HistoryChapter()
        for number in 0..<count {
            var operation = Operation(visit: number, kind: .poll, invokedAt: Instant(number) * 1_000_000)
            operation.end(at: Instant(number) * 1_000_000 + 5_000_000, .state(OrderState(.confirmed)))
            chapter.operations.append(operation)
        }
        var writer = ByteWriter()
        ChapterCodec.write(chapter, to: &writer)
        #expect(writer.bytes.count < 16 * count)
    }

    @Test("Two runs are compared figure by figure, and a promise that only the second broke is named")
    func comparison() throws {
        let first = Self.record()
        var second = first
        second.header.scenario.seed = 2
        second.snapshot?.available = 3
        let reports = (RunReport(first), RunReport(second))
        let comparison = RunComparison(reports.0, reports.1)
        #expect(comparison.rows.first { $0.name == "confirmed" }?.ratio == 1)
        #expect(comparison.differences == ["seed: 1 and 2"])
        #expect(RunComparison.newViolations(reports.0, reports.1).map(\.invariant) == ["I13"])
        #expect(RunComparison.newViolations(reports.1, reports.0).isEmpty)
        #expect(comparison.text.contains("B: on-sale, broke I13"))
    }
}
