import Ticketing

/// A promise of the service that was found broken.
struct Violation: Codable, Equatable, Sendable, CustomStringConvertible {
    /// Number of the invariant, for example `I1`.
    let invariant: String
    let message: String
    /// Orders (or accounts, where no order exists) concerned, the first `listed` of them.
    let orders: [String]

    /// More would not be read.
    static let listed = 20

    init(_ invariant: String, _ message: String, orders: some Sequence<String> = EmptyCollection()) {
        self.invariant = invariant
        self.message = message
        self.orders = Array(orders.prefix(Self.listed))
    }

    var description: String {
        ([invariant + " " + message] + orders.map { "    " + $0 }).joined(separator: "\n")
    }
}

/// One promise, as a pure function over what the generator did and what the books say.
struct Invariant: Sendable {
    let code: String
    let promise: String
    /// nil when it cannot be judged without the service's books and there are none.
    let check: @Sendable (SaleHistory, SaleSnapshot?) -> [Violation]?

    /// A promise that what was sent and answered is enough to judge.
    static func seen(
        _ code: String, _ promise: String, _ check: @escaping @Sendable (SaleHistory) -> [Violation]
    ) -> Invariant {
        Invariant(code: code, promise: promise) { history, _ in check(history) }
    }

    /// A promise that only the books show kept.
    static func books(
        _ code: String, _ promise: String, _ check: @escaping @Sendable (SaleHistory, SaleSnapshot) -> [Violation]
    ) -> Invariant {
        Invariant(code: code, promise: promise) { history, snapshot in snapshot.map { check(history, $0) } }
    }

    /// A promise that the books tell more of, where there are any.
    static func either(
        _ code: String, _ promise: String, _ check: @escaping @Sendable (SaleHistory, SaleSnapshot?) -> [Violation]
    ) -> Invariant {
        Invariant(code: code, promise: promise) { check($0, $1) }
    }

    /// The invariants that a run from outside can judge, by their numbers in the project's list.
    static let all: [Invariant] = [
        noOversell, conservation, noUndersell, everyOrderEnds, noPhantom, buyerLimit, sameKeySameOrder,
        chargedOnce, forwardOnly, truthfulSoldOut, firstComeFirstServed, cancelledReturnsOnce, refusalReservesNothing,
        ticketsMatchOrder,
    ]

    static func audit(_ history: SaleHistory, _ snapshot: SaleSnapshot?) -> AuditResult {
        var result = AuditResult()
        for invariant in all {
            if let violations = invariant.check(history, snapshot) {
                result.judged.append(invariant.code)
                result.violations += violations
            } else {
                result.notJudged.append(invariant.code)
            }
        }
        return result
    }
}

/// What an audit found, and which invariants it could judge.
struct AuditResult: Equatable, Sendable {
    var judged: [String] = []
    var notJudged: [String] = []
    var violations: [Violation] = []
}
