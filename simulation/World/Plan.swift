import Ticketing

/// What a seed makes of a run: its size, and which faults it has and how often. Not every run has all of them, since
/// many faults hide what a single one does.
struct Plan: Sendable {
    /// One call in so many; 0: none.
    struct Rates: Sendable {
        var lost = 0
        var unanswered = 0
        var late = 0
        var crash = 0
        var pause = 0
    }

    /// What happens to whole processes and servers, one of those that a run has each time.
    enum Mishap: CaseIterable, Sendable {
        case killWorker, killGateway, stopWorker, endWorker, cutRedis, cutPostgres, cutProvider
        case restartRedis, emptyRedis, oldRedis

        var name: StaticString {
            switch self {
            case .killWorker: "kills a worker"
            case .killGateway: "kills a gateway"
            case .stopWorker: "stops a worker"
            case .endWorker: "ends a worker"
            case .cutRedis: "cuts Redis off"
            case .cutPostgres: "cuts Postgres off"
            case .cutProvider: "cuts the provider off"
            case .restartRedis: "restarts Redis"
            case .emptyRedis: "empties Redis"
            case .oldRedis: "takes Redis back"
            }
        }
    }

    let partitions: Int
    let events: Int
    let workers: Int
    let buyers: Int
    let capacity: ClosedRange<Int>
    let limit: Int
    /// For so long buyers come and faults happen.
    let duration: Duration
    let rates: Rates
    let mishaps: [Mishap]
    let mishapPause: Duration
    let hasOrganiser: Bool
    let hasUnreadableEntries: Bool

    init(_ generator: inout SeededGenerator) {
        func rate(_ range: ClosedRange<Int>) -> Int {
            generator.happens(onceIn: 2) ? Int.random(in: range, using: &generator) : 0
        }
        partitions = Int.random(in: 1...2, using: &generator)
        events = Int.random(in: 1...2, using: &generator)
        workers = Int.random(in: 2...3, using: &generator)
        buyers = Int.random(in: 6...24, using: &generator)
        capacity = 4...24
        limit = Int.random(in: 2...4, using: &generator)
        duration = .milliseconds(Int.random(in: 2_000...6_000, using: &generator))
        rates = Rates(
            lost: rate(20...400), unanswered: rate(20...400), late: rate(40...400), crash: rate(100...1_000),
            pause: rate(100...1_000))
        mishaps = Mishap.allCases.filter { _ in generator.happens(onceIn: 3) }
        mishapPause = .milliseconds(Int.random(in: 300...3_000, using: &generator))
        hasOrganiser = generator.happens(onceIn: 2)
        hasUnreadableEntries = generator.happens(onceIn: 3)
    }
}
