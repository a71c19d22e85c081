import Foundation
import JWTKit
import OnsaleConfiguration
import Testing
import Ticketing

@testable import Security

@Suite struct TokenVerifierTests {
    private let identity = Identity(userID: UserID(UUID()), role: .admin)

    @Test func anIssuedTokenNamesItsUserAndRole() async throws {
        let fixture = try await TokenFixture()
        let token = try fixture.issuer.issue(for: identity)
        #expect(try fixture.verifier.identity(for: token.text) == identity)
        #expect(token.expiresAt == Date(timeIntervalSince1970: TokenFixture.start + 900))
        #expect("\(token)".contains(token.text) == false)
    }

    @Test func aTokenInTheMiddleOfAHeaderIsReadWhereItStands() async throws {
        let fixture = try await TokenFixture()
        let header = "Bearer " + (try fixture.issuer.issue(for: identity).text)
        #expect(try fixture.verifier.identity(for: header.dropFirst(7)) == identity)
        #expect(try fixture.verifier.identity(for: header.dropFirst(7)) == identity)
        #expect(fixture.refusal(of: header) == .malformed)
    }

    @Test func theHandMadeTokenOfTheOtherTestsIsAccepted() async throws {
        let fixture = try await TokenFixture()
        #expect(fixture.refusal(of: try await fixture.token()) == nil)
        #expect(fixture.refusal(of: try await fixture.token(changing: ["aud": #"["other","onsale"]"#])) == nil)
        #expect(fixture.refusal(of: try await fixture.token(changing: ["iat": nil, "extra": "[1]"])) == nil)
        #expect(fixture.refusal(of: try await fixture.token(changing: ["exp": "1800000900.5"])) == nil)
    }

    @Test func jwtKitAcceptsOurTokensAndWeAcceptIts() async throws {
        struct Payload: JWTPayload {
            let sub: String
            let role: String
            let iss: IssuerClaim
            let aud: AudienceClaim
            let exp: ExpirationClaim

            func verify(using algorithm: some JWTAlgorithm) throws {}
        }
        let fixture = try await TokenFixture()
        let secret = fixture.configuration.key.secret.bytes
        let keys = await JWTKeyCollection().add(
            hmac: HMACKey(from: secret), digestAlgorithm: .sha256, kid: JWKIdentifier(string: "k1"))
        let ours = try await keys.verify(try fixture.issuer.issue(for: identity).text, as: Payload.self)
        #expect(ours.sub == identity.userID.description)
        let theirs = try await keys.sign(ours, kid: JWKIdentifier(string: "k1"))
        #expect(try fixture.verifier.identity(for: theirs) == identity)
    }

    @Test(arguments: ["none", "None", "NONE", "", "HS384", "HS512", "RS256", "ES256", "hs256", "HS256 "])
    func anotherAlgorithmThanTheKeysIsRefusedWhateverTheSignature(algorithm: String) async throws {
        let fixture = try await TokenFixture()
        let header = #"{"alg":"\#(algorithm)","typ":"JWT","kid":"k1"}"#
        let signed = try await fixture.token(header: header)
        #expect(fixture.refusal(of: signed) == .unsupportedAlgorithm)
        let parts = signed.split(separator: ".")
        #expect(fixture.refusal(of: "\(parts[0]).\(parts[1]).") == .unsupportedAlgorithm)
    }

    @Test func aKeyThatIsUnknownOrNotNamedIsRefused() async throws {
        let fixture = try await TokenFixture()
        for header in [#"{"alg":"HS256","kid":"k2"}"#, #"{"alg":"HS256","kid":""}"#, #"{"alg":"HS256"}"#] {
            #expect(fixture.refusal(of: try await fixture.token(header: header)) == .unknownKey)
        }
    }

    /// The negative control of the two tests above: jwt-kit's key collection, asked directly, accepts such tokens.
    @Test(arguments: [#"{"alg":"RS256","kid":"k1"}"#, #"{"alg":"HS256","kid":"k2"}"#])
    func withoutTheseChecksSuchATokenWouldPass(header: String) async throws {
        struct Payload: JWTPayload {
            let sub: String

            func verify(using algorithm: some JWTAlgorithm) throws {}
        }
        let fixture = try await TokenFixture()
        let keys = await JWTKeyCollection().add(
            hmac: HMACKey(from: fixture.configuration.key.secret.bytes), digestAlgorithm: .sha256,
            kid: JWKIdentifier(string: "k1"))
        let token = try await fixture.token(header: header)
        _ = try await keys.verify(token, as: Payload.self)
        #expect(fixture.refusal(of: token) != nil)
    }

    @Test func aTokenOfAnotherSecretOrAChangedTokenIsRefused() async throws {
        let fixture = try await TokenFixture()
        let stranger = try await TokenFixture { $0.key = TokenFixture.key("k1", "b") }
        #expect(fixture.refusal(of: try stranger.issuer.issue(for: identity).text) == .badSignature)

        let good = try await fixture.token()
        let parts = good.split(separator: ".").map(String.init)
        let raised = Base64Codec.url.encode(
            #"{"sub":"0b9c3a52-7f4e-4c53-9a3e-0d9fb1f5a001","role":"admin","iss":"onsale","aud":"onsale","exp":1800000900}"#
                .utf8)
        #expect(fixture.refusal(of: "\(parts[0]).\(raised).\(parts[2])") == .badSignature)
        #expect(fixture.refusal(of: "\(parts[0]).\(parts[1]).") == .badSignature)
        #expect(fixture.refusal(of: "\(parts[0]).\(parts[1]).\(parts[2].dropLast(3))") == .badSignature)
        #expect(fixture.refusal(of: good) == nil)
    }

    @Test func everySingleChangedCharacterIsRefused() async throws {
        let fixture = try await TokenFixture()
        let good = Array(try await fixture.token().utf8)
        #expect(fixture.refusal(of: String(decoding: good, as: UTF8.self)) == nil)
        for index in good.indices {
            var changed = good
            changed[index] = changed[index] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
            #expect(fixture.refusal(of: String(decoding: changed, as: UTF8.self)) != nil, "at \(index)")
        }
    }

    @Test func issuerAndAudienceMustBeOurs() async throws {
        let fixture = try await TokenFixture()
        #expect(fixture.refusal(of: try await fixture.token(changing: ["iss": "\"evil\""])) == .wrongIssuer)
        #expect(fixture.refusal(of: try await fixture.token(changing: ["iss": "\"Onsale\""])) == .wrongIssuer)
        #expect(fixture.refusal(of: try await fixture.token(changing: ["aud": "\"other\""])) == .wrongAudience)
        #expect(fixture.refusal(of: try await fixture.token(changing: ["aud": "[]"])) == .wrongAudience)
    }

    @Test func aTokenExpiresAfterItsTimeAndTheSkewAlsoWhenItIsCached() async throws {
        let fixture = try await TokenFixture()
        let cached = try await fixture.token()
        #expect(fixture.refusal(of: cached) == nil)
        fixture.advance(900 + 29.9)
        #expect(fixture.refusal(of: cached) == nil)
        fixture.advance(0.2)
        #expect(fixture.refusal(of: cached) == .expired)
        #expect(fixture.verifier.cachedTokens == 0)
        #expect(fixture.refusal(of: try await fixture.token(changing: ["extra": "1"])) == .expired)
    }

    @Test func aTokenOfTheFutureIsRefusedBeyondTheSkew() async throws {
        let fixture = try await TokenFixture()
        #expect(fixture.refusal(of: try await fixture.token(changing: ["nbf": "1800000030"])) == nil)
        #expect(fixture.refusal(of: try await fixture.token(changing: ["nbf": "1800000031"])) == .notYetValid)
        #expect(fixture.refusal(of: try await fixture.token(changing: ["iat": "1800000031"])) == .notYetValid)
        fixture.advance(1)
        #expect(fixture.refusal(of: try await fixture.token(changing: ["nbf": "1800000031"])) == nil)
    }

    @Test func claimsThatAreMissingOrOfAnotherTypeAreRefused() async throws {
        let fixture = try await TokenFixture()
        for name in ["sub", "role", "iss", "aud", "exp"] {
            let token = try await fixture.token(changing: [name: nil])
            #expect(fixture.refusal(of: token) == .malformed, "without \(name)")
        }
        for (name, value) in [("exp", "\"1800000900\""), ("exp", "null"), ("sub", "1"), ("aud", "1"), ("iss", "[]")] {
            #expect(fixture.refusal(of: try await fixture.token(changing: [name: value])) == .malformed)
        }
        for (name, value) in [("sub", "\"alice\""), ("role", "\"root\""), ("role", "\"Admin\"")] {
            #expect(fixture.refusal(of: try await fixture.token(changing: [name: value])) == .invalidClaims)
        }
        #expect(fixture.refusal(of: try await fixture.token(payload: "[]")) == .malformed)
        #expect(fixture.refusal(of: try await fixture.token(payload: "")) == .malformed)
    }

    @Test(arguments: [
        "", ".", "..", "...", "a.b", "a.b.c", "a.b.c.d", "e30.e30.", "Bearer", "🎫.🎫.🎫", "null", " . . ",
        "eyJhbGciOiJIUzI1NiJ9==.e30.AAAA",
    ])
    func garbageIsMalformed(text: String) async throws {
        let fixture = try await TokenFixture()
        #expect(fixture.refusal(of: text) == .malformed)
    }

    @Test func aHeaderWithExtensionsWeMustUnderstandIsRefused() async throws {
        let fixture = try await TokenFixture()
        let header = #"{"alg":"HS256","kid":"k1","crit":["b64"],"b64":false}"#
        #expect(fixture.refusal(of: try await fixture.token(header: header)) == .malformed)
    }

    @Test func aTokenAboveTheLimitIsRefusedBeforeItIsRead() async throws {
        let fixture = try await TokenFixture()
        let filler = String(repeating: "x", count: 5_000)
        let large = try await fixture.token(changing: ["extra": "\"\(filler)\""])
        #expect(large.utf8.count < 8 * 1024)
        #expect(fixture.refusal(of: large) == nil)
        let oversized = try await fixture.token(changing: ["extra": "\"\(filler)\(filler)\""])
        #expect(fixture.refusal(of: oversized) == .oversized)
    }

    @Test func aTokenOfThePreviousKeyIsAcceptedAndNewOnesUseTheNewKey() async throws {
        let old = try await TokenFixture()
        let rotated = try await TokenFixture {
            $0.previousKey = $0.key
            $0.key = TokenFixture.key("k2", "b")
        }
        #expect(rotated.refusal(of: try await old.token()) == nil)
        #expect(rotated.refusal(of: try rotated.issuer.issue(for: identity).text) == nil)
        #expect(old.refusal(of: try rotated.issuer.issue(for: identity).text) == .unknownKey)
        // The previous key's secret under the new key's name is neither.
        let mixed = try await old.token(header: #"{"alg":"HS256","kid":"k2"}"#)
        #expect(rotated.refusal(of: mixed) == .badSignature)
    }

    @Test func aShortSecretIsRefusedAtStart() async {
        await #expect(throws: TokenKeyError.self) {
            try await TokenFixture { $0.key = .init(id: "k1", secret: Secret(bytes: [1, 2, 3])) }
        }
    }

    @Test func settingsAreCheckedAndNamed() throws {
        func configuration(_ variables: [String: String]) throws(ConfigurationError) -> TokenConfiguration {
            let provider = EnvironmentVariablesProvider(environmentVariables: variables)
            return try TokenConfiguration(config: ConfigReader(provider: provider))
        }
        let secret = String(repeating: "s", count: 32)
        let plain = try configuration(["JWT_SECRET": secret])
        #expect(plain.key.id == "onsale-1" && plain.issuer == "onsale" && plain.audience == "onsale")
        #expect(plain.lifetime == .seconds(900))
        #expect(plain.previousKey == nil)
        let rotated = try configuration([
            "JWT_SECRET": secret, "JWT_KEY_ID": "2", "JWT_PREVIOUS_SECRET": secret, "JWT_PREVIOUS_KEY_ID": "1",
        ])
        #expect(rotated.previousKey?.id == "1")
        for (variables, subject) in [
            ([:], "JWT_SECRET"), (["JWT_SECRET": "short"], "JWT_SECRET"),
            (["JWT_SECRET": secret, "JWT_LIFETIME": "1s"], "JWT_LIFETIME"),
            (["JWT_SECRET": secret, "JWT_PREVIOUS_SECRET": "short"], "JWT_PREVIOUS_SECRET"),
            (
                ["JWT_SECRET": secret, "JWT_PREVIOUS_SECRET": secret, "JWT_PREVIOUS_KEY_ID": "onsale-1"],
                "JWT_PREVIOUS_KEY_ID"
            ),
        ] as [([String: String], String)] {
            let error = #expect(throws: ConfigurationError.self) { try configuration(variables) }
            #expect(error?.subject == subject)
        }
    }
}
