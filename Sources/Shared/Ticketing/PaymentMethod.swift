/// The payment provider's name for how the buyer pays, for example `pm_accepted`; opaque to us.
package struct PaymentMethod: Hashable, Sendable, CustomStringConvertible {
    /// 1 to 64 characters; Stripe's ids are 27 long.
    package static let maximumLength = 64

    package let text: String

    /// nil unless the text is 1 to 64 letters, digits, `_` or `-` of ASCII.
    package init?(_ text: some StringProtocol) {
        guard (1...Self.maximumLength).contains(text.utf8.count),
            text.utf8.allSatisfy({
                switch $0 {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
                    true
                default: false
                }
            })
        else { return nil }
        self.text = String(text)
    }

    /// What the simulated provider accepts.
    package static let standard = PaymentMethod("pm_accepted")!

    package var description: String { text }
}

/// Who takes the payments, as `PAYMENT_PROVIDER` names it.
package enum PaymentProvider: String, CaseIterable, Sendable {
    case simulated, stripe

    /// What a purchase is paid with that names no method; nil: it must name one.
    package var standardMethod: PaymentMethod? {
        switch self {
        case .simulated: .standard
        case .stripe: nil
        }
    }
}
