import Foundation
import PostgresClient
import TestSupport
import Testing
import Ticketing

@testable import OrderRepository

/// P37: many who want the same ticket at the same time, through the connections of two gateways.
@Suite struct TicketRaceTests {
    private static let contenders = 100

    @Test func ofAHundredRedeemsOfOneTicketOneAdmits() async throws {
        try await withRace { race in
            let admitted = try await race.winners { tickets, _ in
                try await tickets.redeem(race.sale.codes[0], race.sale.redemption())
            }
            #expect(admitted.count == 1)
            #expect(try race.sale.database.count("ticket_redemptions") == 1)
            #expect(try race.sale.database.count("audit_log", where: "action = 'ticket.redeem'") == 1)
        }
    }

    @Test func ofAHundredTransfersOfOneTicketOneWins() async throws {
        try await withRace { race in
            let takers = try race.sale.database.makeUsers(Self.contenders)
            let winners = try await race.winners { tickets, number in
                try await tickets.transfer(
                    race.sale.codes[0], from: race.sale.buyer.id, to: takers[number], as: .random())
            }
            #expect(winners.count == 1)
            #expect(try race.sale.database.count("tickets", where: "status = 'valid'") == 1)
            #expect(try race.sale.database.count("tickets") == 2)
            #expect(try race.sale.database.count("mails", where: "kind = 'ticket_received'") == 1)
            let winner = try #require(winners.first)
            #expect(try await race.sale.held(by: takers[winner]).count == 1)
        }
    }

    @Test func ofARedeemAndATransferOneComesFirst() async throws {
        try await withRace(tickets: 50) { race in
            let taker = try await race.sale.database.makeUser().id
            let sale = race.sale
            let winners = try await race.winners { tickets, number in
                let code = sale.codes[number / 2]
                return number % 2 == 0
                    ? try await tickets.redeem(code, sale.redemption())
                    : try await tickets.transfer(code, from: sale.buyer.id, to: taker, as: .random())
            }
            #expect(Set(winners.map { $0 / 2 }).count == 50, "each ticket has a winner")
            #expect(winners.count == 50, "and only one")
            let redeemed = winners.count { $0 % 2 == 0 }
            #expect(try sale.database.count("tickets", where: "status = 'used'") == redeemed)
            #expect(try await sale.held(by: taker).count == 50 - redeemed)
        }
    }

    /// A refund has locked the order and comes to its tickets when a holder hands one on. Without the lock that the
    /// transfer takes first it would have the ticket, and each would wait for the other.
    @Test(arguments: [true, false])
    func aTransferWaitsForARefundOfTheOrderAndTheyDoNotWaitForEachOther(isGuarded: Bool) async throws {
        try await withTickets(1) { sale in
            let query = unguarded(
                sale, to: try await sale.database.makeUser().id, without: isGuarded ? "" : " FOR KEY SHARE")
            let refund = Task {
                try await sale.database.postgres.withTransaction { connection in
                    try await connection.query(LockOrder.query(sale.order))
                    let transfer = Task {
                        try await sale.tickets.postgres.query(query).rows[0].decode(Bool.self)
                    }
                    try await eventually("the transfer waits") {
                        try sale.database.sql("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
                            != "0"
                    }
                    try await connection.query(CancelTickets.query(sale.order, sale.codes))
                    return transfer
                }
            }
            var failures = 0
            var isTransferred: Bool?
            do { isTransferred = try await refund.value.value } catch { failures += 1 }
            #expect(failures == (isGuarded ? 0 : 1), "a deadlock, which ends one of them")
            if isGuarded {
                #expect(isTransferred == false)
                #expect(try sale.database.count("tickets", where: "status = 'cancelled'") == 1)
            }
        }
    }

    // MARK: - Negative controls

    @Test func withoutItsConditionARedeemWouldAdmitEverybody() async throws {
        try await withRace { race in
            let sale = race.sale
            // The second wall, a ticket's only redemption.
            try sale.database.sql("ALTER TABLE ticket_redemptions DROP CONSTRAINT ticket_redemptions_pkey")
            let admitted = try await race.winners { tickets, _ in
                let scan = sale.redemption()
                let query = unguarded(
                    RedeemTicket.query(sale.codes[0], scan),
                    [
                        "'\(sale.codes[0])'::text", "'\(scan.event)'::uuid", "'\(scan.administrator)'::uuid",
                        "'North'::text", "'\(scan.nonce.text)'::text",
                    ], without: Self.decision)
                return try await tickets.postgres.query(query).rows[0].decode(Bool.self)
            }
            #expect(admitted.count == Self.contenders)
        }
    }

    @Test func withoutItsConditionATransferWouldGiveATicketToEverybody() async throws {
        try await withRace { race in
            let sale = race.sale
            let takers = try sale.database.makeUsers(Self.contenders)
            try sale.database.sql("ALTER TABLE ticket_transfers DROP CONSTRAINT ticket_transfers_from_code_key")
            let winners = try await race.winners { tickets, number in
                let query = unguarded(sale, to: takers[number], without: Self.decision, limit: 1_000)
                return try await tickets.postgres.query(query).rows[0].decode(Bool.self)
            }
            #expect(winners.count == Self.contenders)
            #expect(try sale.database.count("tickets", where: "status = 'valid'") == Self.contenders)
        }
    }

    /// The condition that decides a race.
    private static let decision = "AND t.status = 'valid'"

    private func unguarded(
        _ sale: TicketSale, to taker: UserID, without part: String, limit: Int = Limits.transfers
    ) -> PostgresQuery {
        let new = TicketCode.random()
        let (code, newCode) = ("'\(sale.codes[0])'::text", "'\(new)'::text")
        let (giver, recipient) = ("'\(sale.buyer.id)'::uuid", "'\(taker)'::uuid")
        return unguarded(
            TransferTicket.query(sale.codes[0], from: sale.buyer.id, to: taker, as: new),
            [
                code, code, code, code, giver, "\(limit)", newCode, recipient, newCode, giver, recipient, recipient,
                newCode,
            ], without: part)
    }

    /// The statement as it is but for a part of it, with `values` in the place of its parameters.
    private func unguarded(_ query: PostgresQuery, _ values: [String], without guarded: String) -> PostgresQuery {
        #expect(guarded.isEmpty || query.text.contains(guarded))
        #expect(query.text.contains("$\(values.count)") && !query.text.contains("$\(values.count + 1)"))
        var text = query.text.replacing(guarded, with: "")
        for (index, value) in values.enumerated().reversed() { text = text.replacing("$\(index + 1)", with: value) }
        return PostgresQuery(unescaped: text)
    }

    // MARK: - Races

    private struct Race {
        let sale: TicketSale
        let gateways: [PostgresTicketRepository]

        /// Has everybody try at once; the numbers of those who were told yes.
        func winners(
            _ attempt: @escaping @Sendable (PostgresTicketRepository, Int) async throws -> Bool
        ) async throws -> [Int] {
            try await withThrowingTaskGroup(of: Int?.self) { group in
                for number in 0..<TicketRaceTests.contenders {
                    group.addTask {
                        try await attempt(gateways[number % gateways.count], number) ? number : nil
                    }
                }
                var winners: [Int] = []
                for try await winner in group { if let winner { winners.append(winner) } }
                return winners
            }
        }
    }

    /// A sale, and two gateways of ten connections each.
    private func withRace(tickets: Int = 1, _ body: (Race) async throws -> Void) async throws {
        try await withTickets(tickets) { sale in
            var configuration = try PostgresConfiguration(url: sale.database.url)
            configuration.maxConnections = 10
            configuration.acquireTimeout = .seconds(60)
            configuration.connectTimeout = .seconds(30)
            let clients = (0..<2).map { _ in
                PostgresClient(configuration: configuration, logger: TestDatabase.logger)
            }
            do {
                try await body(Race(sale: sale, gateways: clients.map { PostgresTicketRepository(postgres: $0) }))
            } catch {
                for client in clients { await client.close() }
                throw error
            }
            for client in clients { await client.close() }
        }
    }
}
