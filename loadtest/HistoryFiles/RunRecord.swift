import Foundation
import Ticketing

/// A run as it is kept: what it was, everything that was sent and answered, and what the service's books said at its
/// end. Reports and audits are made from this alone, so that a stored run can be judged again.
struct RunRecord: Sendable {
    /// What the run was; JSON within the file.
    struct Header: Codable, Equatable, Sendable {
        var scenario: Scenario
        var target: String
        var addresses: [String]
        /// Seconds since 1970, and the same instant on the clock of the history.
        var startedAt: Double
        var start: Instant
        /// From the first intended send to the last settled visit.
        var seconds: Double
        var ticketsWanted: Int
        /// Visits per second, as planned.
        var intendedRate: Double
        var environment: RunEnvironment
        var generator: GeneratorRecord
        var leftover = Leftover()
    }

    var header: Header
    var history: SaleHistory
    /// nil when the service lets nobody look into its books.
    var snapshot: SaleSnapshot?
}

/// What was sold after the measured load, to buyers who had been told `sold_out`.
struct Leftover: Codable, Equatable, Sendable {
    var rounds = 0
    var purchases = 0
    var ticketsSold = 0
    /// Buyers whose last answer was `sold_out`.
    var buyersLeftWaiting = 0
}
