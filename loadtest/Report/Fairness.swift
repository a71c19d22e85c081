import Ticketing

/// What became of buyers by their rank of arrival: in a fair sale of scarce tickets the first are confirmed and the
/// last are refused, with a narrow seam between them.
struct Fairness: Codable, Equatable, Sendable {
    /// Buyers of neighbouring ranks.
    struct Group: Codable, Equatable, Sendable {
        var firstRank: Int
        var confirmed = 0
        var cancelled = 0
        var refused = 0
        /// Given up, or without an answer.
        var other = 0

        var count: Int { confirmed + cancelled + refused + other }
    }

    private(set) var groups: [Group] = []
    /// Buyers who were told `sold_out` although a later arrival was confirmed. Some are natural: requests overtake each
    /// other on their way, tickets come back, and one is left where four were wanted.
    private(set) var overtaken = 0

    private static let mostGroups = 60

    init(_ purchases: [Purchase]) {
        let ranked = purchases.filter { $0.wave == 1 }.sorted {
            ($0.intendedAt, $0.visit.number) < ($1.intendedAt, $1.visit.number)
        }
        guard !ranked.isEmpty else { return }
        let size = max(1, (ranked.count + Self.mostGroups - 1) / Self.mostGroups)
        for (rank, purchase) in ranked.enumerated() {
            if rank % size == 0 { groups.append(Group(firstRank: rank + 1)) }
            let last = groups.count - 1
            switch purchase.state {
            case .ended(.confirmed): groups[last].confirmed += 1
            case .ended: groups[last].cancelled += 1
            case .refused: groups[last].refused += 1
            case .open, .accepted, .abandoned, .unresolved: groups[last].other += 1
            }
        }
        let lastConfirmed = ranked.lastIndex { $0.state == .ended(.confirmed) } ?? 0
        overtaken = ranked[..<lastConfirmed].count { $0.state == .refused("sold_out") }
    }
}
