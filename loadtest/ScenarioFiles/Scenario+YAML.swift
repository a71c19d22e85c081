/// Scenario files. README.md of `loadtest` lists every name.
extension Scenario {
    private static let count = 1...Scenario.mostArrivals

    init(file path: String) throws(LoadTestError) {
        try self.init(yaml: try InputFile(path: path).text(), file: path)
    }

    init(yaml: String, file: String = "scenario") throws(LoadTestError) {
        var document = try YAMLMapping.document(yaml, file: file)
        var phases: [ArrivalPhase] = []
        for mapping in try document.mappings("arrivals") ?? [] {
            phases.append(try ArrivalPhase(mapping))
        }
        guard !phases.isEmpty else { throw document.error("arrivals: at least one phase is needed") }
        self.init(arrivals: phases, journeys: [])
        name = try document.text("name") ?? name
        seed = UInt64(try document.whole("seed", in: 0...Int.max) ?? Int(seed))
        try readSale(&document)
        try readJourneys(&document)
        if var mapping = try document.mapping("traffic") { traffic = try Traffic(&mapping) }
        if let seconds = try document.seconds("timeout") { timeoutSeconds = max(1, Int(seconds.rounded(.up))) }
        if let seconds = try document.seconds("rest") { restSeconds = max(1, Int(seconds.rounded(.up))) }
        queueToleranceSeconds = try document.seconds("queueTolerance") ?? queueToleranceSeconds
        for text in try document.texts("thresholds") ?? [] { thresholds.append(try Threshold(text)) }
        try document.finish()
        guard (1...Double(Scenario.mostArrivals)).contains(expectedVisits) else {
            throw document.error(
                "arrivals: 1 to \(Scenario.mostArrivals) visits are possible, these are about \(expectedVisits)")
        }
    }

    /// How many visits the plan has on average.
    private var expectedVisits: Double {
        let weight = journeys.lazy.map(\.weight).reduce(0, +)
        let visits = journeys.lazy.map { $0.weight * Double($0.visitsOfArrival) }.reduce(0, +)
        return arrivals.lazy.map(\.expectedCount).reduce(0, +) * visits / weight
    }

    private mutating func readSale(_ document: inout YAMLMapping) throws(LoadTestError) {
        sale = nil
        guard var mapping = try document.mapping("sale") else { return }
        var sale = Sale()
        sale.tickets = try mapping.whole("tickets", in: Scenario.count) ?? sale.tickets
        sale.limitPerBuyer = try mapping.whole("limitPerBuyer", in: 1...100) ?? sale.limitPerBuyer
        try mapping.finish()
        self.sale = sale
    }

    private mutating func readJourneys(_ document: inout YAMLMapping) throws(LoadTestError) {
        for mapping in try document.mappings("journeys") ?? [] { journeys.append(try Journey(mapping)) }
        if journeys.isEmpty { journeys = [Journey(kind: .buy)] }
        guard let sale else {
            if journeys.contains(where: { $0.buys || $0.name == "poll" }) {
                throw document.error("journeys that buy or poll need a sale")
            }
            return
        }
        for journey in journeys where journey.buys && journey.maximumQuantity > sale.limitPerBuyer {
            throw document.error("maxQuantity of \(journey.name) is above limitPerBuyer")
        }
    }
}

extension Scenario.Traffic {
    fileprivate init(_ mapping: inout YAMLMapping) throws(LoadTestError) {
        self.init()
        connections = try mapping.whole("connections", in: 1...60_000) ?? connections
        pollConnections = try mapping.whole("pollConnections", in: 1...60_000) ?? pollConnections
        threads = try mapping.whole("threads", in: 1...256) ?? threads
        if let text = try mapping.text("http") {
            guard let known = Version(rawValue: text) else { throw mapping.error("http: 1.1 or 2 is expected") }
            version = known
        }
        keepAlive = try mapping.flag("keepAlive") ?? keepAlive
        try mapping.finish()
    }
}

extension ArrivalPhase {
    private static let count = 1...Scenario.mostArrivals

    init(_ mapping: YAMLMapping) throws(LoadTestError) {
        var mapping = mapping
        if let count = try mapping.whole("spike", in: Self.count) {
            self = .counted(.burst(seconds: try mapping.seconds("within") ?? 1), count: count)
        } else if let rate = try mapping.rate("steady") {
            if let count = try mapping.whole("buyers", in: Self.count) {
                self = .counted(.uniform(rate: rate), count: count)
            } else {
                self = .steady(rate: rate, seconds: try Self.length(&mapping, "for"))
            }
        } else if let rate = try mapping.rate("poisson") {
            if let count = try mapping.whole("buyers", in: Self.count) {
                self = .counted(.poisson(rate: rate), count: count)
            } else {
                self = .poisson(rate: rate, seconds: try Self.length(&mapping, "for"))
            }
        } else if let rates = try mapping.rates("ramp") {
            guard rates.count == 2 else { throw mapping.error("ramp: two rates are expected, as in [10/s, 500/s]") }
            self = .ramp(from: rates[0], to: rates[1], seconds: try Self.length(&mapping, "for"))
        } else if let rates = try mapping.rates("steps") {
            self = .steps(rates: rates, seconds: try Self.length(&mapping, "each"))
        } else if let seconds = try mapping.seconds("pause") {
            self = .pause(seconds: seconds)
        } else {
            throw mapping.error("arrivals: one of spike, steady, poisson, ramp, steps and pause is expected")
        }
        try mapping.finish()
    }

    private static func length(_ mapping: inout YAMLMapping, _ name: String) throws(LoadTestError) -> Double {
        guard let seconds = try mapping.seconds(name), seconds > 0 else {
            throw mapping.error("\(name): how long is missing")
        }
        return seconds
    }
}

extension Journey {
    init(_ mapping: YAMLMapping) throws(LoadTestError) {
        var mapping = mapping
        let name = try mapping.text("journey") ?? "buy"
        self.init(kind: try Self.kind(name, &mapping))
        weight = try mapping.number("weight", in: 0.000001...1_000_000) ?? weight
        if buys {
            maximumQuantity = try mapping.whole("maxQuantity", in: 1...100) ?? maximumQuantity
            paymentMethod = try mapping.text("paymentMethod") ?? paymentMethod
            declinePercent = try mapping.number("declinePercent", in: 0...100) ?? declinePercent
        }
        try mapping.finish()
    }

    private static func kind(_ name: String, _ mapping: inout YAMLMapping) throws(LoadTestError) -> Kind {
        switch name {
        case "buy": return .buy
        case "buy-and-repeat":
            return .buyRepeatedly(copies: try mapping.whole("copies", in: 1...100) ?? 2)
        case "abandon": return .abandon
        case "impatient":
            let patience = try mapping.seconds("patience") ?? 0.5
            guard patience >= 0.001 else { throw mapping.error("patience: at least 1ms is expected") }
            return .impatient(milliseconds: Int(patience * 1000))
        case "poll": return .poll(times: try mapping.whole("times", in: 1...10_000) ?? 5)
        case "browse":
            let paths = try mapping.texts("paths") ?? ["/api/events", "/api/events/{event}"]
            guard !paths.isEmpty, paths.allSatisfy({ $0.hasPrefix("/") }) else {
                throw mapping.error("paths: texts that begin with / are expected")
            }
            return .browse(paths: paths)
        case "log-in": return .logIn
        case "bot":
            return .bot(
                accounts: try mapping.whole("accounts", in: 1...100_000) ?? 1,
                requests: try mapping.whole("requests", in: 1...10_000) ?? 20,
                everyMilliseconds: Int((try mapping.seconds("every") ?? 0.01) * 1000))
        default:
            throw mapping.error(
                "journey \(name) is not known; known are buy, buy-and-repeat, abandon, impatient, poll, browse, log-in "
                    + "and bot")
        }
    }
}
