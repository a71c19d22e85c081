/// The order that the journey `poll` reads: that of the buyer who opened the door.
struct WatchedOrder: Codable, Equatable, Sendable {
    /// As it stands in addresses.
    var order: String
    var token: String
}
