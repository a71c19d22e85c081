import Ticketing

/// The payload of an identity provider's access token, above all of Amazon Cognito's: it has `client_id` where others
/// have `aud`, says by `token_use` that it is no identity token, and names groups (Amazon Cognito Developer Guide,
/// "Understanding the access token").
struct ProviderClaims: Decodable, Sendable {
    private enum CodingKeys: String, CodingKey {
        case sub, iss, aud, iat, nbf, exp, email
        case clientID = "client_id"
        case tokenUse = "token_use"
        case emailVerified = "email_verified"
        case groups = "cognito:groups"
    }

    /// A flag that some providers write as a text.
    private enum Flag: Decodable {
        case flag(Bool)

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let flag = try? container.decode(Bool.self) {  // not a flag: then it must be a text
                self = .flag(flag)
            } else {
                self = .flag(try container.decode(String.self) == "true")
            }
        }
    }

    let sub: String
    let iss: String
    let aud: TokenAudience?
    let clientID: String?
    let tokenUse: String?
    let iat: Double?
    let nbf: Double?
    let exp: Double
    let groups: [String]?
    private let email: String?
    private let emailVerified: Flag?

    /// The e-mail address, if the provider says that it was verified.
    var verifiedEmail: String? {
        if case .flag(true) = emailVerified { email } else { nil }
    }

    func isFor(_ audience: String) -> Bool {
        if let aud { aud.contains(audience) } else { clientID == audience }
    }
}
