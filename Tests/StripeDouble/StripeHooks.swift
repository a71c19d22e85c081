import Crypto
import Foundation

/// A provider's webhooks as a shop has to bear them: signed; some come twice, some never, none in its order; and among
/// them what others have made up.
package struct StripeHooks: Sendable {
    package struct Hook: Sendable {
        package let body: String
        /// The header `Stripe-Signature`.
        package let signature: String
        package let isForged: Bool
    }

    private let secret: [UInt8]
    private var sent = 0

    /// - Parameter secret: What the shop knows the provider by.
    package init(secret: [UInt8]) { self.secret = secret }

    /// Those of the events that were not sent yet: one in ten is lost, one in three comes twice, and one in ten is
    /// forged, too.
    package mutating func next(of events: [StripeLedger.Event]) -> [Hook] {
        let new = events[sent...].enumerated()
        sent = events.count
        var hooks: [Hook] = []
        for (index, event) in new where index % 10 != 4 {
            let hook = Hook(body: event.body, signature: sign(event.body, with: secret), isForged: false)
            hooks += index % 3 == 0 ? [hook, hook] : [hook]
            guard index % 10 == 7 else { continue }
            let body = event.body.replacing(event.id, with: "evt_forged_\(event.id)")
            let foreign = sign(body, with: Array("whsec_of_somebody_else".utf8))
            // The one has no secret, the other has seen a webhook that was good.
            hooks.append(Hook(body: body, signature: foreign, isForged: true))
            hooks.append(Hook(body: body, signature: hook.signature, isForged: true))
        }
        return hooks.shuffled()
    }

    /// All of the events again, as somebody sends them who has kept them.
    package mutating func again(of events: [StripeLedger.Event]) -> [Hook] {
        sent = 0
        return next(of: events)
    }

    /// https://docs.stripe.com/webhooks#verify-manually
    private func sign(_ body: String, with secret: [UInt8]) -> String {
        let time = Int(Date().timeIntervalSince1970)
        let code = HMAC<SHA256>.authenticationCode(
            for: Data("\(time).\(body)".utf8), using: SymmetricKey(data: secret))
        return "t=\(time),v1=\(code.map { String(format: "%02x", $0) }.joined())"
    }
}
