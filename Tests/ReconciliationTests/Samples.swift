import Foundation
import Ticketing

/// The UUID of a number.
private func sample(_ number: Int) -> UUID {
    UUID(uuid: (0, 0, 0, 0, 0, 0, 0x80, 0, 0x80, 0, 0, 0, 0, 0, 0, UInt8(number)))
}

extension OrderID {
    static func number(_ number: Int) -> OrderID { OrderID(sample(number)) }
}

extension UserID {
    static func number(_ number: Int) -> UserID { UserID(sample(number)) }
}

extension EventID {
    static func number(_ number: Int) -> EventID { EventID(sample(number)) }
}
