/// One visit before it is made.
struct Arrival: Equatable, Sendable {
    /// The visit's name in the run and its history: 0 opens the door, then in the order of arrival.
    var number: Int
    /// Index into the scenario's journeys; `noJourney` for those who open the door and buy what is left over.
    var journey: Int
    let buyer: Int
    let quantity: Int
    let paymentMethod: String
    /// Nanoseconds from the wave's start.
    let offset: Instant

    static let noJourney = -1
}

/// What the buyers want who come when the measured load is over.
struct Demand: Sendable {
    var schedule: SendSchedule
    /// Each buyer wants 1 ... this many tickets.
    var maximumQuantity: Int
    var paymentMethod: String

    /// The simulated payment method that is always declined.
    static let declinedMethod = "pm_declined"

    /// One purchase for each of `buyers`, in the order of their send times, numbered from `first` on.
    func arrivals(
        of buyers: some Collection<Int>, from first: Int, using generator: inout SeededGenerator
    ) -> [Arrival] {
        let offsets = schedule.offsets(count: buyers.count, using: &generator)
        return zip(buyers, offsets).enumerated().map { place, pair in
            Arrival(
                number: first + place, journey: Arrival.noJourney, buyer: pair.0,
                quantity: Int.random(in: 1...maximumQuantity, using: &generator), paymentMethod: paymentMethod,
                offset: pair.1)
        }
    }
}
