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
                    ])
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
                let (code, new) = ("'\(sale.codes[0])'::text", "'\(TicketCode.random())'::text")
                let (giver, taker) = ("'\(sale.buyer.id)'::uuid", "'\(takers[number])'::uuid")
                let query = unguarded(
                    TransferTicket.query(sale.codes[0], from: sale.buyer.id, to: takers[number], as: .random()),
                    [code, code, code, giver, "1000", new, taker, new, giver, taker, taker, new])
                return try await tickets.postgres.query(query).rows[0].decode(Bool.self)
            }
            #expect(winners.count == Self.contenders)
            #expect(try sale.database.count("tickets", where: "status = 'valid'") == Self.contenders)
        }
    }

    /// The statement as it is but for the condition that decides the race, with `values` in the place of its parameters.
    private func unguarded(_ query: PostgresQuery, _ values: [String]) -> PostgresQuery {
        let guarded = "AND t.status = 'valid'"
        #expect(query.text.contains(guarded))
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
