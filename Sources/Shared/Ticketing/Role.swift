/// What an account may do.
package enum Role: String, Hashable, Sendable, CaseIterable {
    case user, admin
}
