/// What a run offers, from where to where, and what it must hold: a scenario file or the flags of `loadtest onsale`.
/// The same scenario with the same seed is the same plan, on every machine and however many agents send it.
struct Scenario: Codable, Equatable, Sendable {
    /// The event that is sold. Without one nothing is made or audited at the service: looks and log-ins only.
    struct Sale: Codable, Equatable, Sendable {
        var tickets = 10_000
        var limitPerBuyer = 4
    }

    /// How requests travel.
    struct Traffic: Codable, Equatable, Sendable {
        enum Version: String, Codable, CaseIterable, Sendable {
            case http1 = "1.1"
            case http2 = "2"
        }

        /// Connections for purchases and for held polls, all event loops together.
        var connections = 256
        var pollConnections = 2048
        /// Event loops. One is enough for 10,000 purchases a second.
        var threads = 1
        var version = Version.http1
        /// A connection serves many requests in turn; otherwise each request opens one of its own.
        var keepAlive = true
    }

    var name = "on-sale"
    var seed: UInt64 = 1
    var sale: Sale? = Sale()
    var arrivals: [ArrivalPhase]
    var journeys: [Journey]
    var traffic = Traffic()
    /// After this many seconds what is still under way is given up; the books then get `restSeconds` to come to rest.
    var timeoutSeconds = 120
    var restSeconds = 60
    /// An order that is still in line this long after a later one was seen committed was overtaken (I11). Publishing
    /// what a batch committed takes milliseconds, or as long as a stopped worker sleeps.
    var queueToleranceSeconds = 2.0
    var thresholds: [Threshold] = []

    /// Most visits of a plan: at about 100 bytes each they stay below 200 MB.
    static let mostArrivals = 2_000_000
}
