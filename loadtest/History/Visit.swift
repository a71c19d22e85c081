/// One arrival, as it was carried out.
struct Visit: Equatable, Sendable {
    let number: Int
    /// 0 opens the door, 1 is the measured load, later ones buy what was left over.
    let wave: Int
    /// Index into the scenario's journeys, or `Arrival.noJourney`.
    let journey: Int
    /// Index into the run's buyers.
    let buyer: Int
    /// Tickets wanted; 0 for visits that buy nothing.
    let quantity: Int
    let paymentMethod: String
    /// When its first request should have been sent, whatever the generator or the service were doing: latencies count
    /// from here.
    let intendedAt: Instant

    init(_ arrival: Arrival, wave: Int, start: Instant) {
        self.init(
            number: arrival.number, wave: wave, journey: arrival.journey, buyer: arrival.buyer,
            quantity: arrival.quantity, paymentMethod: arrival.paymentMethod, intendedAt: start + arrival.offset)
    }

    init(
        number: Int, wave: Int = 1, journey: Int = Arrival.noJourney, buyer: Int, quantity: Int,
        paymentMethod: String = "pm_accepted", intendedAt: Instant
    ) {
        self.number = number
        self.wave = wave
        self.journey = journey
        self.buyer = buyer
        self.quantity = quantity
        self.paymentMethod = paymentMethod
        self.intendedAt = intendedAt
    }
}
