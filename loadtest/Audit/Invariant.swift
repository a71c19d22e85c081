import Ticketing

/// A promise of the service that was found broken.
struct Violation: Encodable, Equatable, Sendable, CustomStringConvertible {
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
    let check: @Sendable (SaleHistory, SaleSnapshot) -> [Violation]

    /// The invariants that a run from outside can judge, by their numbers in the project's list.
    static let all: [Invariant] = [
        noOversell, conservation, noUndersell, everyOrderEnds, noPhantom, buyerLimit, sameKeySameOrder,
        chargedOnce, cancelledReturnsOnce, refusalReservesNothing, ticketsMatchOrder,
    ]

    static func audit(_ history: SaleHistory, _ snapshot: SaleSnapshot) -> [Violation] {
        all.flatMap { $0.check(history, snapshot) }
    }
}
