/// What a subscription delivers.
package enum RedisPush: Sendable, Hashable {
    /// All channels are subscribed from here on. It comes first, again after each reconnect, and after messages were
    /// dropped because the reader was too slow: whatever was published before it may have been missed.
    case subscribed
    case message(channel: String, payload: [UInt8])
    /// The connection broke; nothing arrives until the next `subscribed`.
    case disconnected
}
