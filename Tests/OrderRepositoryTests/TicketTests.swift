import Foundation
import PostgresClient
import TestSupport
import Testing
import Ticketing

@testable import OrderRepository

@Suite struct TicketTests {
    // MARK: - Reading

    @Test func aTicketIsReadWithItsEventItsHolderAndItsPlaceInTheOrder() async throws {
        try await withTickets(3) { sale in
            let codes = sale.codes.sorted { $0.text < $1.text }
            for (index, code) in codes.enumerated() {
                let ticket = try #require(try await sale.tickets.ticket(code))
                #expect(ticket.code == code)
                #expect(ticket.status == .valid)
                #expect(ticket.order == sale.order)
                #expect(ticket.buyer == sale.buyer.id)
                #expect(ticket.number == index + 1)
                #expect(ticket.count == 3)
                #expect(ticket.event.id == sale.event.id)
                #expect(ticket.event.title == "Concert")
                #expect(ticket.event.venue == "Hall")
                #expect(abs(ticket.event.date.timeIntervalSince(sale.event.details.eventDate)) < 0.001)
                #expect(ticket.holder == TicketHolder(id: sale.buyer.id, name: nil, email: sale.buyer.email))
                #expect(!ticket.isReceived)
                #expect(ticket.use == nil)
            }
            #expect(try await sale.tickets.tickets(of: sale.order).map(\.code) == codes)
            #expect(try await sale.tickets.ticket(.random()) == nil)
            #expect(try await sale.tickets.custody(of: .random()) == [])
            #expect(try await sale.tickets.recipient(EmailAddress(sale.buyer.email.uppercased())!) == sale.buyer.id)
            #expect(try await sale.tickets.recipient(EmailAddress("nobody@example.org")!) == nil)
        }
    }

    @Test func whatSomebodyHasIsWhatWasBoughtAndReceivedButNotWhatWasGivenAway() async throws {
        try await withTickets(6) { sale in
            let friend = try await sale.database.makeUser()
            for code in sale.codes.prefix(2) { _ = try await sale.give(code, to: friend.id) }
            _ = try await sale.tickets.redeem(sale.codes[2], sale.redemption())
            // Back again by another code, and away again for good.
            let received = try await sale.held(by: friend.id)
            #expect(received.count == 2)
            #expect(received.allSatisfy { $0.isReceived && $0.holder.id == friend.id && $0.buyer == sale.buyer.id })
            #expect(
                try await sale.tickets.transfer(received[0].code, from: friend.id, to: sale.buyer.id, as: .random()))

            let bought = try await sale.held(by: sale.buyer.id)
            #expect(bought.count == 5)
            #expect(bought.count { $0.isReceived } == 1)
            #expect(bought.count { $0.status == .used } == 1)
            #expect(Set(bought.map(\.code)).isDisjoint(with: sale.codes.prefix(2)))
            #expect(try await sale.held(by: friend.id).map(\.code) == [received[1].code])
            // Pages, whose tickets have one time for the most part.
            var seen: [TicketCode] = []
            var cursor: PageCursor?
            repeat {
                let page = try await sale.tickets.tickets(of: sale.buyer.id, after: cursor, limit: 2)
                #expect(page.items.count <= 2)
                seen += page.items.map(\.code)
                cursor = page.next.flatMap { PageCursor($0.text) }
            } while cursor != nil
            #expect(seen == bought.map(\.code))
            #expect(try await sale.tickets.tickets(of: sale.buyer.id, after: nil, limit: 5).next == nil)
        }
    }

    @Test func whoWasHandedATicketIsAnonymisedAndTheChainOfCustodyStays() async throws {
        try await withTickets(1) { sale in
            let repository = sale.database.repository
            let friend = try await sale.database.makeUser("grace@example.org")
            _ = try await sale.give(sale.codes[0], to: friend.id)
            let code = try #require(try await sale.held(by: friend.id).first).code
            #expect(try await repository.deleteUser(friend.id, by: nil) == .anonymised)
            let ticket = try #require(try await sale.tickets.ticket(code))
            #expect(ticket.status == .valid)
            #expect(ticket.holder.id == friend.id)
            #expect(ticket.holder.email?.contains("grace") == false)
            #expect(try await sale.tickets.custody(of: code).first?.to?.id == friend.id)
        }
    }

    @Test func personalDataShowTheTicketsOfAPersonAndNoCodeThatIsSomebodyElses() async throws {
        try await withTickets(2) { sale in
            let repository = sale.database.repository
            let friend = try await sale.database.makeUser()
            _ = try await sale.give(sale.codes[0], to: friend.id)
            let received = try #require(try await sale.held(by: friend.id).first).code

            let giver = try #require(try await repository.personalData(of: sale.buyer.id))
            for code in sale.codes { #expect(giver.contains(code.text)) }
            #expect(giver.contains("\"given\""))
            #expect(!giver.contains(received.text), "the new holder's ticket")
            let taker = try #require(try await repository.personalData(of: friend.id))
            #expect(taker.contains(received.text) && taker.contains("\"received\""))
            for code in sale.codes { #expect(!taker.contains(code.text)) }
        }
    }

    // MARK: - The gate

    @Test func aRedemptionIsNotedWithTheTicketAndInTheAuditLog() async throws {
        try await withTickets(1) { sale in
            let code = sale.codes[0]
            let scan = sale.redemption()
            #expect(try await sale.tickets.redeem(code, scan))
            #expect(try await !sale.tickets.redeem(code, scan))
            let used = try #require(try await sale.tickets.ticket(code))
            #expect(used.status == .used)
            #expect(used.use?.gate == "North")
            #expect(used.use?.nonce == scan.nonce)
            #expect(used.use?.administrator == scan.administrator)
            #expect(scan.result(for: used) == .admitted)
            #expect(sale.redemption().result(for: used) == .alreadyUsed)
            #expect(
                try sale.database.sql(
                    "SELECT actor_id, action, subject, before, after FROM audit_log WHERE subject = '\(code)'")
                    == "\(sale.gatekeeper.id)|ticket.redeem|\(code)|{\"status\": \"valid\"}|"
                    + "{\"gate\": \"North\", \"status\": \"used\"}")
        }
    }

    @Test func onlyAValidTicketOfTheEventAdmits() async throws {
        try await withTickets(4) { sale in
            let other = try await sale.database.makeEvent(10)
            #expect(try await !sale.tickets.redeem(sale.codes[0], sale.redemption(at: other.id)))
            #expect(try await !sale.tickets.redeem(.random(), sale.redemption()))
            try sale.database.sql("UPDATE tickets SET status = 'cancelled' WHERE ticket_code = '\(sale.codes[1])'")
            #expect(try await !sale.tickets.redeem(sale.codes[1], sale.redemption()))
            _ = try await sale.give(sale.codes[2], to: try await sale.database.makeUser().id)
            #expect(try await !sale.tickets.redeem(sale.codes[2], sale.redemption()))
            #expect(try sale.database.count("ticket_redemptions") == 0)
            #expect(try sale.database.count("tickets", where: "used_at IS NOT NULL") == 0)
            // An account that is gone can act until its token ends; nobody must wait at the gate for that.
            let gone = Redemption(event: sale.event.id, gate: nil, nonce: .random(), administrator: UserID())
            #expect(try await sale.tickets.redeem(sale.codes[3], gone))
        }
    }

    // MARK: - Changing hands

    @Test func aTicketThatIsHandedOnIsAnotherTicketOfTheSameOrder() async throws {
        try await withTickets(3) { sale in
            let code = sale.codes.sorted { $0.text < $1.text }[1]
            let friend = try await sale.database.makeUser()
            let issued = try #require(try await sale.give(code, to: friend.id))
            let old = try #require(try await sale.tickets.ticket(code))
            #expect(old.status == .transferred)
            #expect(old.holder.id == sale.buyer.id)
            let new = try #require(try await sale.tickets.ticket(issued))
            #expect(new.status == .valid)
            #expect(new.holder.id == friend.id)
            #expect(new.order == sale.order)
            #expect(new.number == 2)
            #expect(new.count == 3)
            #expect(
                try sale.database.sql(
                    "SELECT kind, user_id, order_id, parameters FROM mails WHERE kind = 'ticket_received'")
                    == "ticket_received|\(friend.id)||{\"ticket\": \"\(issued)\"}")
        }
    }

    @Test func theBuyersOrderShowsTheTicketsAsTheyWereIssuedAndNoCodeOfSomebodyElse() async throws {
        try await withTickets(2) { sale in
            let issued = try #require(try await sale.give(sale.codes[0], to: try await sale.database.makeUser().id))
            _ = try await sale.tickets.redeem(issued, sale.redemption())
            let expected = Set([
                Ticket(code: sale.codes[0], status: .transferred), Ticket(code: sale.codes[1], status: .valid),
            ])
            let order = try #require(try await sale.database.repository.order(sale.order))
            #expect(Set(order.tickets) == expected)
            let page = try await sale.database.repository.orders(of: sale.buyer.id, after: nil, limit: 10)
            #expect(Set(page.items[0].tickets) == expected)
            // What Redis would be told once more.
            let state = try #require(try await sale.database.lanes.states(of: [sale.order]).first)
            #expect(Set(state.tickets) == Set(sale.codes))
            #expect(try await sale.tickets.tickets(of: sale.order).count == 2)
        }
    }

    @Test func theChainOfCustodyHasEveryHandoverUpToACode() async throws {
        try await withTickets(2) { sale in
            let (second, third) = (try await sale.database.makeUser(), try await sale.database.makeUser())
            let people = [sale.buyer, second, third, sale.buyer]
            var codes = [sale.codes[0]]
            for (giver, taker) in zip(people, people.dropFirst()) {
                let code = TicketCode.random()
                #expect(try await sale.tickets.transfer(codes.last!, from: giver.id, to: taker.id, as: code))
                codes.append(code)
            }
            // Another chain of the same order.
            _ = try await sale.give(sale.codes[1], to: people[1].id)
            for (index, code) in codes.enumerated() {
                let custody = try await sale.tickets.custody(of: code)
                let end = min(index + 1, people.count - 1)
                #expect(custody.map { $0.from?.id } == people.prefix(end).map(\.id))
                #expect(custody.map { $0.to?.id } == people[1...end].map(\.id))
                #expect(custody.allSatisfy { $0.from?.email != nil && $0.to?.email != nil })
            }
            #expect(try sale.database.count("tickets", where: "status = 'valid'") == 2)
        }
    }

    @Test func onlyItsHolderHandsAValidTicketOnBeforeTheEvent() async throws {
        try await withTickets(4) { sale in
            let friend = try await sale.database.makeUser()
            #expect(
                try await !sale.tickets.transfer(
                    sale.codes[0], from: friend.id, to: sale.gatekeeper.id, as: .random()))
            _ = try await sale.tickets.redeem(sale.codes[0], sale.redemption())
            #expect(try await sale.give(sale.codes[0], to: friend.id) == nil)
            try sale.database.sql("UPDATE tickets SET status = 'cancelled' WHERE ticket_code = '\(sale.codes[1])'")
            #expect(try await sale.give(sale.codes[1], to: friend.id) == nil)
            let issued = try #require(try await sale.give(sale.codes[2], to: friend.id))
            #expect(try await sale.give(sale.codes[2], to: sale.gatekeeper.id) == nil)
            #expect(try await sale.give(issued, to: sale.gatekeeper.id) == nil, "it is the friend's now")
            try sale.database.sql("UPDATE events SET event_date = now()")
            #expect(try await sale.give(sale.codes[3], to: friend.id) == nil)
            #expect(try sale.database.count("ticket_transfers") == 1)
            #expect(try sale.database.count("mails", where: "kind = 'ticket_received'") == 1)
        }
    }

    @Test func aTicketChangesHandsTwentyTimesAtMost() async throws {
        try await withTickets(1) { sale in
            let pair = [sale.buyer.id, try await sale.database.makeUser().id]
            var code = sale.codes[0]
            for turn in 0..<Limits.transfers {
                let next = TicketCode.random()
                let (giver, taker) = (pair[turn % 2], pair[(turn + 1) % 2])
                #expect(try await sale.tickets.transfer(code, from: giver, to: taker, as: next))
                code = next
            }
            #expect(try await !sale.tickets.transfer(code, from: pair[0], to: pair[1], as: .random()))
        }
    }

    @Test func ticketsAndTheirChainOutliveAccountsThatHadThem() async throws {
        try await withTickets(1) { sale in
            let friend = try await sale.database.makeUser()
            let issued = try #require(try await sale.give(sale.codes[0], to: friend.id))
            try sale.database.sql("DELETE FROM users WHERE id = '\(friend.id)'")
            let ticket = try #require(try await sale.tickets.ticket(issued))
            #expect(ticket.holder == TicketHolder(id: friend.id, name: nil, email: nil), "it is not the buyer's again")
            #expect(try await sale.tickets.custody(of: issued).map(\.to) == [nil])
            #expect(try await sale.tickets.redeem(issued, sale.redemption()))
            try sale.database.sql("DELETE FROM users WHERE id = '\(sale.buyer.id)'")
            #expect(try sale.database.count("tickets") == 0)
            #expect(try sale.database.count("ticket_transfers") == 0)
            #expect(try sale.database.count("ticket_redemptions") == 0)
        }
    }

    @Test func theMigrationIsNotUndoneWhileSomebodyHasATicketOfAnothersOrder() async throws {
        try await withTickets(1) { sale in
            _ = try await sale.give(sale.codes[0], to: try await sale.database.makeUser().id)
            let down = try #require(Migration.all.first { $0.name == "tickets" }).down
            #expect(throws: (any Error).self) { try sale.database.sql(down) }
            #expect(try sale.database.count("ticket_transfers") == 1)
        }
    }
}

// MARK: - One order's tickets

/// An order that was confirmed, and the ways tests use its tickets.
struct TicketSale {
    let database: TestDatabase
    let tickets: PostgresTicketRepository
    let event: Event
    let buyer: User
    let gatekeeper: User
    let order: OrderID
    let codes: [TicketCode]

    init(_ quantity: Int, on database: TestDatabase) async throws {
        self.database = database
        tickets = PostgresTicketRepository(postgres: database.postgres)
        event = try await database.makeEvent(quantity)
        buyer = try await database.makeUser()
        gatekeeper = try await database.makeUser()
        let lease = try await database.lease(for: event.id)
        let intent = QueuedIntent.sample(event.id, buyer.id, quantity: quantity)
        try await database.commitNew([intent], under: lease)
        let settlement = Settlement.confirmed(intent)
        _ = try await database.lanes.settle([settlement], under: lease)
        order = intent.intent.order
        codes = settlement.order.tickets
    }

    func redemption(at event: EventID? = nil) -> Redemption {
        Redemption(event: event ?? self.event.id, gate: "North", nonce: .random(), administrator: gatekeeper.id)
    }

    /// Hands one of the buyer's tickets on; the new code, or nil when that was refused.
    func give(_ code: TicketCode, to taker: UserID) async throws -> TicketCode? {
        let new = TicketCode.random()
        return try await tickets.transfer(code, from: buyer.id, to: taker, as: new) ? new : nil
    }

    func held(by user: UserID) async throws -> [IssuedTicket] {
        try await tickets.tickets(of: user, after: nil, limit: 100).items
    }
}

func withTickets(_ quantity: Int, _ body: (TicketSale) async throws -> Void) async throws {
    try await withDatabase { database in try await body(try await TicketSale(quantity, on: database)) }
}

extension TicketCode {
    static func random() -> TicketCode {
        var generator = SystemRandomNumberGenerator()
        return TicketCode(using: &generator)
    }
}

extension RedemptionNonce {
    static func random() -> RedemptionNonce { RedemptionNonce(UUID().uuidString)! }
}
