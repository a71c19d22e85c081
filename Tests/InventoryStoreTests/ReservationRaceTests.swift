import Foundation
import RedisClient
import TestSupport
import Testing
import Ticketing

@testable import InventoryStore

/// Many reservations at once, and reservations whose answers are lost: each order counts once, whatever happens.
struct ReservationRaceTests {
    private static let event = EventID.number(1)

    /// Sends all reservations at once and returns what came of them.
    private static func reserveAll(
        _ reservations: [Reservation], _ inventory: RedisInventoryStore
    ) async throws -> [ReservationOutcome] {
        try await withThrowingTaskGroup(of: ReservationOutcome.self) { group in
            for reservation in reservations {
                group.addTask { try await inventory.reserve(reservation) }
            }
            var outcomes: [ReservationOutcome] = []
            for try await outcome in group { outcomes.append(outcome) }
            return outcomes
        }
    }

    @Test("One user's 1,000 parallel purchases with distinct keys and a limit of 4 take 4 units")
    func limitHolds() async throws {
        try await Fixture.run { fixture in
            _ = try await fixture.lane.load(.first(of: Self.event))
            let outcomes = try await Self.reserveAll(
                (1...1_000).map { .of(Self.event, order: $0, user: 7) }, fixture.inventory)
            #expect(outcomes.count(where: \.isAccepted) == 4)
            let refused = ReservationOutcome.refused(.limitExceeded(limit: 4, held: 4), mayBeRecorded: false)
            #expect(outcomes.count { $0 == refused } == 996)
            #expect(try await fixture.inventory.stock(of: Self.event)?.available == 96)
            #expect(try await fixture.lane.backlog(of: .first) == 4)
        }
    }

    @Test("The same order 1,000 times in parallel is accepted once and answered 999 times")
    func sameOrder() async throws {
        try await Fixture.run { fixture in
            _ = try await fixture.lane.load(.first(of: Self.event))
            let outcomes = try await Self.reserveAll(
                Array(repeating: .of(Self.event, order: 1), count: 1_000), fixture.inventory)
            #expect(outcomes.count(where: \.isAccepted) == 1)
            #expect(outcomes.count(where: \.isReplay) == 999)
            #expect(try await fixture.inventory.stock(of: Self.event)?.available == 99)
            #expect(try await fixture.lane.backlog(of: .first) == 1)
        }
    }

    @Test("The last units go to as many buyers as there are units, and the stream is empty again after the lane's work")
    func exactlyTheStock() async throws {
        try await Fixture.run { fixture in
            _ = try await fixture.lane.load(.first(of: Self.event))
            let outcomes = try await Self.reserveAll(
                (1...300).map { .of(Self.event, order: $0, user: $0) }, fixture.inventory)
            #expect(outcomes.count(where: \.isAccepted) == 100)
            #expect(outcomes.count { $0 == .refused(.soldOut(available: 0), mayBeRecorded: false) } == 200)
            try await fixture.lane.withReader(of: .first, consumer: "lane") { reader in
                var entries: [StreamEntryID] = []
                while case let new = try await reader.next(limit: 64, wait: .zero), !new.isEmpty {
                    entries += new.map(\.entry)
                }
                #expect(try await fixture.lane.acknowledge(entries, in: .first, drainRate: 1_234.6) == 100)
                #expect(try await fixture.lane.acknowledge(entries, in: .first, drainRate: .nan) == 0)
                #expect(try await reader.pending(after: "0-0", limit: 10).deliveries.isEmpty)
            }
            #expect(try await fixture.lane.backlog(of: .first) == 0)
            let progress = try await fixture.inventory.progress(of: .first)
            #expect(progress == LaneProgress(accepted: 100, committed: 100, drainRate: 0))
        }
    }

    @Test("Scripts that the server forgets again and again are sent again, and nothing is lost or done twice")
    func forgottenScripts() async throws {
        try await Fixture.run { fixture in
            _ = try await fixture.lane.load(.first(of: Self.event, available: 5_000, terms: .open(total: 5_000)))
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    while !Task.isCancelled {
                        try await fixture.command("SCRIPT", "FLUSH")
                        try await Task.sleep(for: .milliseconds(3))
                    }
                }
                for start in stride(from: 0, to: 2_000, by: 100) {
                    let outcomes = try await Self.reserveAll(
                        (start..<start + 100).map { .of(Self.event, order: $0, user: $0) }, fixture.inventory)
                    #expect(outcomes.allSatisfy { $0.isAccepted })
                    // A pipeline of scripts, too.
                    let settled = (start..<start + 100).map {
                        SettledOrder(id: .number($0), status: .confirmed, reason: nil, tickets: [])
                    }
                    try await fixture.lane.publish(settled + settled, in: .first)
                }
                group.cancelAll()
                do { try await group.waitForAll() } catch is CancellationError {} catch is RedisClientError {}
            }
            #expect(try await fixture.inventory.stock(of: Self.event)?.available == 3_000)
            #expect(try await fixture.lane.backlog(of: .first) == 2_000)
            #expect(try await fixture.inventory.order(.number(1_999))?.status == .confirmed)
        }
    }

    @Test("A reservation whose answer is lost took effect, and its repetition is answered with the same order")
    func lostReply() async throws {
        try await Fixture.run { fixture in
            _ = try await fixture.lane.load(.first(of: Self.event))
            try await Fixture.run(on: fixture.server, adjust: { $0.commandTimeout = .seconds(1) }) { deaf in
                try await eventually("the client is connected") { deaf.redis.isConnected }
                // From here on the server runs this client's commands and says nothing, to this one either.
                _ = try? await deaf.redis.send(RedisCommand("CLIENT", "REPLY", "OFF"), timeout: .milliseconds(50))
                do throws(InventoryError) {
                    _ = try await deaf.inventory.reserve(.of(Self.event, order: 1, quantity: 2))
                    Issue.record("an answer came")
                } catch {
                    #expect(error.code == .unavailable)
                    #expect(error.mayHaveRun)
                }
            }
            let outcome = try await fixture.inventory.reserve(.of(Self.event, order: 1, quantity: 2))
            guard case .replay(let record) = outcome else {
                Issue.record("not a replay: \(outcome)")
                return
            }
            #expect(record.quantity == 2)
            #expect(record.status == .pending)
            #expect(try await fixture.inventory.stock(of: Self.event)?.available == 98)
        }
    }

    @Test("Connections killed under load: repeated orders end up accepted once each")
    func killedConnections() async throws {
        try await Fixture.run { fixture in
            let terms = SaleTerms.open(total: 5_000)
            _ = try await fixture.lane.load(.first(of: Self.event, available: 5_000, terms: terms))
            try await withThrowingTaskGroup(of: Void.self) { group in
                for start in stride(from: 0, to: 1_600, by: 100) {
                    group.addTask {
                        for number in start..<start + 100 {
                            while true {
                                do throws(InventoryError) {
                                    _ = try await fixture.inventory.reserve(
                                        .of(Self.event, order: number, user: number))
                                    break
                                } catch { #expect(error.code == .unavailable) }
                            }
                        }
                    }
                }
                try await Fixture.run(on: fixture.server) { killer in
                    for _ in 0..<20 {
                        try await killer.command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
                        try await Task.sleep(for: .milliseconds(20))
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await fixture.inventory.stock(of: Self.event)?.available == 3_400)
            #expect(try await fixture.lane.backlog(of: .first) == 1_600)
            #expect(try await fixture.inventory.progress(of: .first).accepted == 1_600)
        }
    }
}

extension ReservationOutcome {
    var isAccepted: Bool { if case .accepted = self { true } else { false } }
    var isReplay: Bool { if case .replay = self { true } else { false } }
}
