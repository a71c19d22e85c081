import ArgumentParser
import Ticketing

/// The options of `loadtest onsale`: a scenario by flags.
struct OnSaleOptions: ParsableArguments {
    @Option(help: "Tickets of the event.")
    var tickets = 10_000

    @Option(help: "Buyers, each with one purchase.")
    var buyers = 30_000

    @Option(help: "Each buyer wants 1 to this many tickets.")
    var maxQuantity = 4

    @Option(help: "Tickets one buyer may hold.")
    var limit = 4

    @Option(help: "Purchases per second, at independent instants.")
    var rate: Double?

    @Flag(help: "All purchases within one second. The default.")
    var burst = false

    @Flag(help: "With --rate: evenly spaced instead of independent.")
    var uniform = false

    @Option(help: "Connections for purchases.")
    var connections = 256

    @Option(help: "Connections for polls, each held by one waiting order; more orders stand in line.")
    var pollConnections = 2048

    @Option(help: "Event loops. One is enough for 10,000 purchases a second.")
    var threads = 1

    @Option(help: "Payment method of the purchases.")
    var paymentMethod = PaymentMethod.standard.text

    @Option(help: "Percent of purchases whose payment is declined.")
    var declinePercent = 0.0

    @Option(help: "Seconds after which what is still under way is given up.")
    var timeout = 120

    @Option(help: "Seconds the books get to come to rest after that.")
    var restTimeout = 60

    @Option(help: "The same seed gives the same quantities and send times.")
    var seed: UInt64 = 1

    func check() throws {
        let positive = [
            ("--tickets", tickets), ("--buyers", buyers - 1), ("--max-quantity", maxQuantity), ("--limit", limit),
            ("--connections", connections), ("--poll-connections", pollConnections), ("--threads", threads),
            ("--timeout", timeout), ("--rest-timeout", restTimeout),
        ]
        for (name, value) in positive where value < 1 {
            throw ValidationError("\(name) must be at least \(name == "--buyers" ? 2 : 1)")
        }
        guard buyers <= Scenario.mostArrivals else {
            throw ValidationError("--buyers must be at most \(Scenario.mostArrivals)")
        }
        guard maxQuantity <= limit else { throw ValidationError("--max-quantity is above --limit") }
        guard (0...100).contains(declinePercent) else { throw ValidationError("--decline-percent is 0 to 100") }
        guard rate.map({ $0 > 0 }) ?? true else { throw ValidationError("--rate must be above 0") }
        guard rate == nil || !burst else { throw ValidationError("--rate and --burst exclude each other") }
        guard rate != nil || !uniform else { throw ValidationError("--uniform needs --rate") }
        guard PaymentMethod(paymentMethod) != nil else { throw ValidationError("--payment-method is not a name") }
    }

    var scenario: Scenario {
        let schedule: SendSchedule =
            rate.map { uniform ? .uniform(rate: $0) : .poisson(rate: $0) } ?? .burst(seconds: 1)
        var journey = Journey(kind: .buy)
        journey.maximumQuantity = maxQuantity
        journey.paymentMethod = paymentMethod
        journey.declinePercent = declinePercent
        // The first buyer opens the door and is not part of the measured load.
        var scenario = Scenario(arrivals: [.counted(schedule, count: buyers - 1)], journeys: [journey])
        scenario.seed = seed
        scenario.sale = Scenario.Sale(tickets: tickets, limitPerBuyer: limit)
        scenario.traffic.connections = connections
        scenario.traffic.pollConnections = pollConnections
        scenario.traffic.threads = threads
        scenario.timeoutSeconds = timeout
        scenario.restSeconds = restTimeout
        // Whoever uses these flags may stop workers for as long as they like.
        scenario.queueToleranceSeconds = 30
        return scenario
    }
}
