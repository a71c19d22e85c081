import RedisClient
import TestSupport
import Testing
import Ticketing

@testable import InventoryStore

/// The live reader of a stream: waiting, and going on when Redis was emptied.
struct ReaderTests {
    private static let event = EventID.number(1)

    @Test("A waiting reader gets an entry when it comes, and nothing when none does")
    func waitingReader() async throws {
        try await Fixture.run { fixture in
            _ = try await fixture.lane.load(.first(of: Self.event))
            try await fixture.lane.withReader(of: .first, consumer: "lane") { reader in
                #expect(try await reader.next(limit: 10, wait: .zero).isEmpty)
                #expect(try await reader.next(limit: 10, wait: .milliseconds(20)).isEmpty)
                async let deliveries = reader.next(limit: 10, wait: .seconds(20))
                try await eventually("the reader waits") {
                    try await fixture.command("INFO", "clients").string?.contains("blocked_clients:1") == true
                }
                _ = try await fixture.inventory.reserve(.of(Self.event, order: 1))
                #expect(try await deliveries.map(\.intent?.order) == [.number(1)])
            }
        }
    }

    @Test("A reader goes on when Redis is emptied, before its read or during it")
    func emptiedUnderReader() async throws {
        try await Fixture.run { fixture in
            try await fixture.lane.withReader(of: .first, consumer: "lane") { reader in
                for order in 1...2 {
                    async let deliveries = reader.next(limit: 10, wait: .seconds(20))
                    try await eventually("the reader waits") {
                        try await fixture.command("INFO", "clients").string?.contains("blocked_clients:1") == true
                    }
                    try await fixture.command("FLUSHALL")
                    _ = try await fixture.lane.load(.first(of: Self.event))
                    _ = try await fixture.inventory.reserve(.of(Self.event, order: order))
                    #expect(try await deliveries.map(\.intent?.order) == [.number(order)])
                    try await fixture.command("FLUSHALL")
                    #expect(try await reader.pending(after: "0-0", limit: 10).deliveries.isEmpty)
                    try await fixture.command("FLUSHALL")
                    #expect(try await reader.next(limit: 1, wait: .zero).isEmpty)
                }
            }
        }
    }
}
