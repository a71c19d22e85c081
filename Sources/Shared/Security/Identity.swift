package import Ticketing

/// Who a request comes from, as a verified access token says.
package struct Identity: Sendable, Hashable {
    package let userID: UserID
    package let role: Role
    /// Set for somebody who signed in with an outside identity provider.
    package let provided: ProvidedAccount?

    package init(userID: UserID, role: Role, provided: ProvidedAccount? = nil) {
        self.userID = userID
        self.role = role
        self.provided = provided
    }
}

/// What an outside identity provider says of somebody.
package struct ProvidedAccount: Sendable, Hashable {
    /// A verified e-mail address, if the token has one.
    package let email: String?

    package init(email: String?) { self.email = email }
}
