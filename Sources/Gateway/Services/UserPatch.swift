import OrderRepository
import Ticketing

/// The body of `PATCH /api/users/{id}`: what it has is set, what it has not stays.
struct UserPatch: Decodable, Sendable {
    private enum CodingKeys: String, CodingKey {
        case name, email, role, currentPassword
    }

    private let name: String?
    private let hasName: Bool
    private let email: String?
    private let role: String?
    let currentPassword: String?

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        name = try container.decodeIfPresent(String.self, forKey: .name)
        hasName = container.contains(.name)
        email = container.contains(.email) ? try container.decode(String.self, forKey: .email) : nil
        role = container.contains(.role) ? try container.decode(String.self, forKey: .role) : nil
        currentPassword = try container.decodeIfPresent(String.self, forKey: .currentPassword)
    }

    /// A `name` of null removes the name.
    func change() throws(Problem) -> UserChange {
        var fields = AccountFields()
        var change = UserChange()
        if hasName { change.name = .some(fields.name(name)) }
        if email != nil { change.email = fields.email(email) }
        change.role = fields.role(role)
        try fields.check()
        return change
    }
}
