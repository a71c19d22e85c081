/// What a visitor comes for. Journeys are mixed by weight.
struct Journey: Codable, Equatable, Sendable {
    enum Kind: Codable, Equatable, Sendable {
        /// Buys and follows the order to its end.
        case buy
        /// Buys, and sends the same key so many times more without waiting for the answer.
        case buyRepeatedly(copies: Int)
        /// Buys and never asks what became of it. After the load the generator asks, for the audit.
        case abandon
        /// Buys, closes the connection after so many milliseconds without an answer, and tries again with the same key.
        case impatient(milliseconds: Int)
        /// Asks for the state of one order so many times.
        case poll(times: Int)
        /// Reads pages of the catalogue, one after the other.
        case browse(paths: [String])
        case logIn
        /// Programs: so many accounts, each visit a salvo of purchases under keys of their own, none of which waits.
        case bot(accounts: Int, requests: Int, everyMilliseconds: Int)
    }

    var kind: Kind
    /// Its share of the arrivals, relative to the other journeys'.
    var weight = 1.0
    /// Buyers want 1 to this many tickets.
    var maximumQuantity = 1
    var paymentMethod = "pm_accepted"
    /// Percent of its purchases that pay with `Demand.declinedMethod`.
    var declinePercent = 0.0

    /// As scenario files and reports name it.
    var name: String {
        switch kind {
        case .buy: "buy"
        case .buyRepeatedly: "buy-and-repeat"
        case .abandon: "abandon"
        case .impatient: "impatient"
        case .poll: "poll"
        case .browse: "browse"
        case .logIn: "log-in"
        case .bot: "bot"
        }
    }

    var buys: Bool {
        switch kind {
        case .buy, .buyRepeatedly, .abandon, .impatient, .bot: true
        case .poll, .browse, .logIn: false
        }
    }

    /// Visits that one arrival makes: a program's salvo is many.
    var visitsOfArrival: Int {
        if case .bot(_, let requests, _) = kind { requests } else { 1 }
    }

    /// Whether a temporary refusal is tried again.
    var isPatient: Bool {
        if case .bot = kind { false } else { true }
    }

    /// Whether an accepted order is followed to its end.
    var follows: Bool { kind != .abandon }
}
