import Foundation
import NIOCore
import Ticketing

/// The agents of a run: one plan, split by buyers, begun at one instant.
struct AgentParty: Sendable {
    /// Until the order to begin has reached everybody.
    static let lead = Duration.seconds(1)

    private let links: [AgentLink]

    /// Connects to all and gives each its part: every `count`th buyer, with all that buyer's visits.
    static func gather(
        _ addresses: [AgentAddress], secret: String, _ assignment: AgentAssignment, buyers: [Buyer],
        on group: any EventLoopGroup
    ) async throws -> AgentParty {
        var links: [AgentLink] = []
        for address in addresses {
            links.append(try await AgentLink.connect(address, secret: secret, on: group))
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (index, link) in links.enumerated() {
                var part = assignment
                part.index = index
                part.count = links.count
                part.buyers = stride(from: index, to: buyers.count, by: links.count).map {
                    AgentAssignment.Account(place: $0, id: buyers[$0].id.uuid, token: buyers[$0].token)
                }
                group.addTask { [part] in try await link.prepare(part) }
            }
            try await group.waitForAll()
        }
        return AgentParty(links: links)
    }

    func run(at start: Instant, deadline: Instant, watching order: WatchedOrder?) async throws -> [AgentResult] {
        try await withThrowingTaskGroup(of: AgentResult.self) { group in
            for link in links {
                group.addTask { try await link.run(at: start, deadline: deadline, watching: order) }
            }
            var results: [AgentResult] = []
            for try await result in group { results.append(result) }
            return results
        }
    }

    func sample() async throws -> LiveSample {
        var sum = LiveSample()
        for link in links { sum.merge(try await link.sample()) }
        return sum
    }

    func leave() async throws {
        for link in links { try await link.leave() }
    }
}
