/// The payload of an access token, as Onsale writes it (RFC 7519 §4.1). Times are seconds since 1970, UTC.
struct TokenClaims: Codable, Sendable {
    /// The user id.
    var sub: String
    var role: String
    var iss: String
    var aud: TokenAudience
    var iat: Double?
    var nbf: Double?
    var exp: Double
}

/// The `aud` claim: one name or a list of names (RFC 7519 §4.1.3).
enum TokenAudience: Codable, Sendable {
    case one(String)
    case many([String])

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let one = try? container.decode(String.self) {  // not a text: then it must be a list
            self = .one(one)
        } else {
            self = .many(try container.decode([String].self))
        }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .one(let name): try container.encode(name)
        case .many(let names): try container.encode(names)
        }
    }

    func contains(_ name: String) -> Bool {
        switch self {
        case .one(let one): one == name
        case .many(let names): names.contains(name)
        }
    }
}

/// The header fields that decide how a token is checked (RFC 7515 §4.1).
struct TokenHeader: Codable, Sendable {
    var alg: String
    var kid: String?
    var typ: String?
    /// Extensions a receiver must understand. None is understood here, so a token with any is refused.
    var crit: [String]?
}
