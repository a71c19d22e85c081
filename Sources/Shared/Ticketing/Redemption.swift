/// A gate's wish to let somebody in by a ticket.
package struct Redemption: Hashable, Sendable {
    /// Whose gate it is: a ticket admits to its own event only.
    package let event: EventID
    /// The gate's name, as its staff gave it.
    package let gate: String?
    package let nonce: RedemptionNonce
    package let administrator: UserID

    package init(event: EventID, gate: String?, nonce: RedemptionNonce, administrator: UserID) {
        self.event = event
        self.gate = gate
        self.nonce = nonce
        self.administrator = administrator
    }
}

/// A gate's own name for one scan: who sends it again has lost the answer and is told the same.
package struct RedemptionNonce: Hashable, Sendable {
    /// A UUID has 36 characters. What is shorter than 16 may be a counter, and two gates that count would both admit.
    package static let lengths = 16...128

    package let text: String

    /// nil when the text has another length or anything but visible ASCII in it.
    package init?(_ text: some StringProtocol) {
        guard Self.lengths.contains(text.utf8.count), text.utf8.allSatisfy({ (0x21...0x7e).contains($0) })
        else { return nil }
        self.text = String(text)
    }
}

/// What a gate is told.
package enum RedemptionResult: String, Hashable, Sendable, CaseIterable {
    case admitted
    case alreadyUsed = "already_used"
    /// Its order was cancelled or refunded.
    case cancelled
    /// It was handed on, and its new holder has another code.
    case transferred
    case wrongEvent = "wrong_event"
    case unknown
}
