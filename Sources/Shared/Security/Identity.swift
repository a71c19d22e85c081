package import Ticketing

/// Who a request comes from, as a verified access token says.
package struct Identity: Sendable, Hashable {
    package let userID: UserID
    package let role: Role

    package init(userID: UserID, role: Role) {
        self.userID = userID
        self.role = role
    }
}
