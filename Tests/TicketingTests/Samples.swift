import Crypto
import Foundation
import Ticketing

/// Fixed inputs, so that a failure can be repeated and answers can be computed elsewhere.
enum Samples {
    static let user = UserID("11111111-2222-4333-8444-555555555555")!
    static let event = EventID("aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee")!
    static let key = IdempotencyKey("first-purchase")!
    /// The bytes 0, 1, 2 ... 31.
    static let secret = SymmetricKey(data: (0..<32).map { UInt8($0) })

    static func order(
        user: UserID = user, event: EventID = event, key: IdempotencyKey = key, partition: Partition = Partition(7),
        secret: SymmetricKey = secret
    ) -> OrderID {
        OrderID(user: user, event: event, idempotencyKey: key, partition: partition, secret: secret)
    }
}
