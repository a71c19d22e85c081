import Testing
import Ticketing

struct StatusTests {
    /// Which moves there are; all others are refused.
    private static let moves: [OrderStatus: Set<OrderStatus>] = [
        .pending: [.paid, .confirmed, .cancelled],
        .paid: [.confirmed, .refunded],
        .confirmed: [.refunded],
        .cancelled: [.refunded],
        .refunded: [],
    ]

    @Test(arguments: OrderStatus.allCases, OrderStatus.allCases)
    func `An order moves along the table and no other way`(from: OrderStatus, to: OrderStatus) {
        #expect(from.canMove(to: to) == Self.moves[from]?.contains(to))
    }

    @Test func `No order comes back to a state that it has left`() {
        for start in OrderStatus.allCases {
            #expect(!Self.reachable(from: start).contains(start))
        }
    }

    @Test func `Nothing but a refund follows a final state`() {
        for status in OrderStatus.allCases where status.isFinal {
            #expect(Self.reachable(from: status).isSubset(of: [.refunded]))
        }
        #expect(OrderStatus.allCases.filter(\.isFinal) == [.confirmed, .cancelled, .refunded])
    }

    @Test func `Every order that is not final can reach a final state`() {
        for status in OrderStatus.allCases where !status.isFinal {
            #expect(Self.reachable(from: status).contains { $0.isFinal })
        }
    }

    @Test func `Units that went back to the stock are never taken again`() {
        for status in OrderStatus.allCases where !status.holdsStock {
            #expect(Self.reachable(from: status).allSatisfy { !$0.holdsStock })
        }
        #expect(OrderStatus.allCases.filter(\.holdsStock) == [.pending, .paid, .confirmed])
    }

    @Test(arguments: TicketStatus.allCases, TicketStatus.allCases)
    func `Only a valid ticket changes, and it changes once`(from: TicketStatus, to: TicketStatus) {
        #expect(from.canMove(to: to) == (from == .valid && to != .valid))
    }

    @Test func `The names that clients and tables rely on are these`() {
        #expect(OrderStatus.allCases.map(\.rawValue) == ["pending", "paid", "confirmed", "cancelled", "refunded"])
        #expect(OrderStage.allCases.map(\.rawValue) == ["queued", "payment", "completed"])
        #expect(TicketStatus.allCases.map(\.rawValue) == ["valid", "used", "cancelled", "transferred"])
        #expect(SaleState.allCases.map(\.rawValue) == ["scheduled", "open", "paused", "closed"])
        #expect(
            CancellationReason.allCases.map(\.rawValue) == [
                "payment_declined", "sold_out", "limit_exceeded", "cancelled_by_buyer", "expired", "rejected",
                "event_cancelled",
            ])
        #expect(Role.allCases.map(\.rawValue) == ["user", "admin"])
    }

    @Test(arguments: CancellationReason.allCases)
    func `Every cancelled buyer is told what became of the money`(reason: CancellationReason) {
        #expect(reason.message.hasSuffix("Nothing was charged.") || reason.message.hasSuffix("is given back."))
    }

    private static func reachable(from start: OrderStatus) -> Set<OrderStatus> {
        var found: Set<OrderStatus> = []
        var open = [start]
        while let status = open.popLast() {
            for next in OrderStatus.allCases where status.canMove(to: next) && found.insert(next).inserted {
                open.append(next)
            }
        }
        return found
    }
}
