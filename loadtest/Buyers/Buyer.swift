import Ticketing

/// A buyer's account and the token that proves it.
struct Buyer: Sendable {
    let id: UserID
    let token: String

    /// The address of an account that the generator has made.
    var email: String { "buyer-\(id.uuid.text)@load.example" }
}
