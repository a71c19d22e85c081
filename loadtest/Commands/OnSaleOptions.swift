import ArgumentParser
import OnsaleConfiguration
import Ticketing

/// The options of `loadtest onsale`.
struct OnSaleOptions: ParsableArguments {
    @Option(help: "Base addresses, comma separated: taken in turn, one that is down is left out. Else ONSALE_URL.")
    var url: String?

    @Option(help: "Administrator's e-mail address. Else ONSALE_ADMIN_EMAIL.")
    var adminEmail: String?

    @Option(help: "Administrator's password. Else ONSALE_ADMIN_PASSWORD, which other users of the machine cannot see.")
    var adminPassword: String?

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

    @Option(help: "Id of an event to use again instead of a new one.")
    var event: String?

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
        guard maxQuantity <= limit else { throw ValidationError("--max-quantity is above --limit") }
        guard (0...100).contains(declinePercent) else { throw ValidationError("--decline-percent is 0 to 100") }
        guard rate.map({ $0 > 0 }) ?? true else { throw ValidationError("--rate must be above 0") }
        guard rate == nil || !burst else { throw ValidationError("--rate and --burst exclude each other") }
        guard rate != nil || !uniform else { throw ValidationError("--uniform needs --rate") }
        guard PaymentMethod(paymentMethod) != nil else { throw ValidationError("--payment-method is not a name") }
        guard event.map({ EventID($0) != nil }) ?? true else { throw ValidationError("--event is not a UUID") }
    }

    func settings() async throws -> OnSaleSettings {
        let config = try await ConfigReader.onsale()
        let schedule: SendSchedule =
            rate.map { uniform ? .uniform(rate: $0) : .poisson(rate: $0) } ?? .burst(seconds: 1)
        return OnSaleSettings(
            endpoints: try Endpoint.list(try url ?? config.required("onsale.url")),
            adminEmail: try adminEmail ?? config.required("onsale.admin.email"),
            adminPassword: try adminPassword ?? config.required("onsale.admin.password", isSecret: true),
            tickets: tickets, buyers: buyers, limitPerBuyer: limit,
            demand: Demand(
                schedule: schedule, maximumQuantity: maxQuantity, paymentMethod: paymentMethod,
                declinePercent: declinePercent),
            // The first buyer opens the door and is not part of the measured load.
            intendedRate: rate ?? Double(buyers - 1), connections: connections, pollConnections: pollConnections,
            threads: threads, event: event.flatMap { EventID($0) }, timeout: .seconds(timeout), seed: seed,
            restTimeout: .seconds(restTimeout))
    }
}
