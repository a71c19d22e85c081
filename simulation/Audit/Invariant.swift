/// The promises that a run is held against, by the numbers of the design.
enum Invariant: String, CaseIterable, Sendable {
    case i1 = "I1 no oversell"
    case i2 = "I2 conservation"
    case i3 = "I3 no undersell"
    case i4 = "I4 every 202 ends"
    case i5 = "I5 no phantom"
    case i6 = "I6 buyer limit"
    case i7 = "I7 same key, same order"
    case i8 = "I8 one charge"
    case i9 = "I9 states move forward"
    case i10 = "I10 sold out only when it is"
    case i11 = "I11 first come, first served"
    case i12 = "I12 fencing"
    case i13 = "I13 units return once"
    case i14 = "I14 a refusal reserves nothing"
    case i15 = "I15 no entry is lost"
    case i16 = "I16 a ticket for each unit"
    /// Not an invariant of a sale: the run itself came to no end.
    case liveness = "the run ends"

    var number: String { String(rawValue.prefix { $0 != " " }) }
}

struct Violation: Error, Sendable, CustomStringConvertible {
    let invariant: Invariant
    let detail: String
    /// Nanoseconds since the world began.
    let time: Int64

    var description: String { "\(invariant.rawValue), after \(time / 1_000_000) ms: \(detail)" }
}
