@testable import InventoryWorker
import OrderRepository
import Testing
import Ticketing

struct EntryOutcomeTests {
    private let queued = QueuedIntent(entry: StreamEntryID("5-0"), intent: .number(1))

    private func known(from entry: String) -> [OrderID: KnownOrder] {
        let state = SettledOrder(id: queued.intent.order, status: .confirmed, reason: nil, tickets: [])
        return [queued.intent.order: KnownOrder(entry: StreamEntryID(entry), state: state)]
    }

    @Test func `An entry among the inserted ones is new`() {
        guard case .inserted = EntryOutcome(queued, inserted: [queued.entry], known: [:]) else {
            Issue.record("not inserted")
            return
        }
    }

    @Test func `An order that was committed from the same entry was delivered again`() {
        guard case .redelivered(let state) = EntryOutcome(queued, inserted: [], known: known(from: "5-0")) else {
            Issue.record("not redelivered")
            return
        }
        #expect(state.status == .confirmed)
    }

    @Test(arguments: ["4-0", "5-1", "50-0"])
    func `An order that was committed from another entry was accepted twice`(entry: String) {
        guard case .acceptedTwice(let state) = EntryOutcome(queued, inserted: [], known: known(from: entry)) else {
            Issue.record("not accepted twice")
            return
        }
        #expect(state.id == queued.intent.order)
    }

    @Test func `An order that is neither new nor there is refused with a note`() {
        guard case .rejected(let reason, let note) = EntryOutcome(queued, inserted: [StreamEntryID("6-0")], known: [:])
        else {
            Issue.record("not rejected")
            return
        }
        #expect(reason == .rejected)
        #expect(note.contains("deleted"))
    }
}
