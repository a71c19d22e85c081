/// One purchase of a wave before it is sent.
struct PurchasePlan: Equatable, Sendable {
    let buyer: Int
    let quantity: Int
    let paymentMethod: String
    /// Nanoseconds from the wave's start.
    let offset: Instant
}

/// What the buyers of a wave want.
struct Demand: Sendable {
    var schedule: SendSchedule
    /// Each buyer wants 1 ... this many tickets.
    var maximumQuantity: Int
    var paymentMethod: String
    /// Share of purchases, in percent, that pay with `declinedMethod`.
    var declinePercent: Double

    /// The simulated payment method that is always declined.
    static let declinedMethod = "pm_declined"

    /// One purchase for each of `buyers`, in the order of their send times.
    func plan(for buyers: some Collection<Int>, using generator: inout SeededGenerator) -> [PurchasePlan] {
        let offsets = schedule.offsets(count: buyers.count, using: &generator)
        return zip(buyers, offsets).map { buyer, offset in
            PurchasePlan(
                buyer: buyer, quantity: Int.random(in: 1...maximumQuantity, using: &generator),
                paymentMethod: generator.unit() * 100 < declinePercent ? Self.declinedMethod : paymentMethod,
                offset: offset)
        }
    }
}
