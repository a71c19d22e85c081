/// What the service knows of an order when it accepts it: enough to accept it again, should Redis lose its memory.
package struct OrderReceipt: Hashable, Sendable {
    package let intent: Intent
    /// Counts the partition's accepted intents.
    package let sequence: Int64
    /// Milliseconds since 1970.
    package let acceptedAt: Int64

    package init(intent: Intent, sequence: Int64, acceptedAt: Int64) {
        self.intent = intent
        self.sequence = sequence
        self.acceptedAt = acceptedAt
    }
}
