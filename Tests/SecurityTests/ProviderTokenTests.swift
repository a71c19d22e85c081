import Foundation
import JWTKit
import OnsaleConfiguration
import Testing
import Ticketing

@testable import Security

/// Access tokens of an outside identity provider, in the shape of Amazon Cognito's.
@Suite struct ProviderTokenTests {
    private static let issuer = "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_Example"
    private static let subject = "7d8ca528-4931-4254-9273-ea5ee853f271"

    /// Made for these tests, of no other use.
    private static let rsaPEM = """
        -----BEGIN PRIVATE KEY-----
        MIIEvgIBADANBgkqhkiG9w0BAQEFAASCBKgwggSkAgEAAoIBAQC9/vMbqcyV9t4I
        dCae+6i0TMLdsbyiQL/KJ5z9neM9X+6EhGs5qu2xDG69OX/SgYwe/aZPgOcBh9JN
        QUKZXExJlr9W1ajorw3m0uh7fRjo3VWMUt1JU5dhbVNXqQFIbB15p8Q4L95EOYIQ
        IYwFH/pgCrWp4nSEtEi+C1n9vUpme8oJNEyu097txMlpEnLdRddEcuM+TFXyerm0
        Ibz3B8ThIr1wuHths2HMp4hWo6ucQKeyvq9hA8E5k4SXOOuHSEQ4DbRfVZCYG6+B
        fMGWaWI5Rx1LM9WUBosWyMfVMSC9SUcT+gXu4YBJqMd0OFmi7E7jKAJPUFgYEvLn
        u801h82TAgMBAAECggEAW44o3nLDiJyOwCoglkoVMNUwrh5BFTr4cNUH/NsBrwi0
        ap1ZAlAQ/FlOX9b+dpVAzYpTg0pNh1pJCDtjeX2VsXx4NcL+AyqgG1QU/bT5tPU7
        jUQ9KGGkuCkzmTFy0dBvn7ktgBnpFJ1VxKo1zB5ty6w9gGEE3xH1X8celXyLBrjY
        SY8lmw3sqiP8lQb5+KcjdzHTGM9iGrQw9xmh8Ki3Vbso5KkgtD7NS1ZZh6dPNFXI
        ow5DnVJiZSdNAbDy2p+pA28ZEKC3Rw20mgi8hJhs3s9ds8FdvHI72SX6ifGHca6p
        y2/lBXsIAzTky9O6f6bagzjCv5721tqTpDG7qGESWQKBgQD4JNgX9jGmToFNyN6B
        lH4+Z2FPSKkQzH72XoxDE6jzu+yl3pqVAD2O64duARpa5pL3I2U3ajET9Tq7J6ld
        NwrOaEmIPJAuTODhvbTLFqnRBBNFHPbGiUSnHda67coCKb8BkPEzRrAtUDkUZhL+
        PvDGSx7NUSldtK1I/pakuyU/5wKBgQDEAtPgI9+kyCVMQvIB1wy1iEKHUSC81bbM
        dZ9jvWVZvxP588/TpPbN5JsXHa+3F9X4JYZObG1FdJSwn3n9OaC9MYiWln79stOI
        yq9OwYe0O4gQJww9VnPoNXekYkyoaVKN3c89wqimjgnxawWWHdAdofzzZRH0g0Zz
        eMRGVQJ/dQKBgQDRhvrYsM+Xp+5S6evH6sT2mIB4W9g2ERabnZY+BVnCBMp7/Iz2
        h69zALnoTxIb81nhSIfs1MQAIC+pXIIL7bA4PaLpYIo2LkAtHOyOF+LoVNKYpy5Q
        0hOgMPfh+2t5jBp2jha8v1F/0Z+A8/fRqv/P0BqAL6oIL8mqOx6klkmLvQKBgQCk
        saOJH1tYv3rnWxCxDxp0pWsQ+8/AGuofXW1xhr/T6sNEL+Id+OwPD9hoUd9Evlhg
        ylbRKjWeOFh/F2COro8qqKYVsZo+XLV0qKkoSWBWxfaLa+PS3gNBxzsh+h5jGyvs
        W8U4JYlDePFN0hi9i4tEeslpUTEG/A6EE6MHXYJdyQKBgB6l+J8QYw726RXxpm1Q
        t3J1eKemw6xUqdJ8A2GeDJDthRcN2Z5sFCwHWRNtdk1zNvf6NTGPYk8pYooDskbW
        HDkOIkbLWLznjow0i5UgGIc0WKLlKWknrVvkX0JXZnC2WCoqp5dxJTB7RHBPU6Bl
        +RMA2257NNdnUiZQXUGh9y5e
        -----END PRIVATE KEY-----
        """

    /// The provider's side: its private keys and its key set.
    private struct Provider {
        let rsa: Insecure.RSA.PrivateKey
        let ecdsa = ES256PrivateKey()
        let keys = JWTKeyCollection()

        init() async throws {
            rsa = try Insecure.RSA.PrivateKey(pem: ProviderTokenTests.rsaPEM)
            await keys.add(rsa: rsa, digestAlgorithm: .sha256, kid: "r1")
            await keys.add(ecdsa: ecdsa, kid: "e1")
        }

        var keySet: String {
            get throws {
                let (modulus, exponent) = try rsa.publicKey.getKeyPrimitives()
                let point = try #require(ecdsa.publicKey.parameters)
                func url(_ text: String) -> String {
                    text.replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
                }
                return """
                    {"keys": [
                        {"kty": "RSA", "alg": "RS256", "use": "sig", "kid": "r1", "e": "\(Base64Codec.url.encode(exponent))",
                         "n": "\(Base64Codec.url.encode(modulus))"},
                        {"kty": "EC", "crv": "P-256", "use": "sig", "kid": "e1", "x": "\(url(point.x))", "y": "\(url(point.y))"},
                        {"kty": "oct", "alg": "HS256", "kid": "o1", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldA"},
                        {"kty": "RSA", "alg": "RS512", "kid": "r2", "e": "\(Base64Codec.url.encode(exponent))",
                         "n": "\(Base64Codec.url.encode(modulus))"},
                        {"kty": "new", "kid": "n1"}
                    ]}
                    """
            }
        }

        /// A token of the good claims with some replaced; nil removes one.
        func token(
            _ header: String = #"{"alg":"RS256","kid":"r1"}"#, signedWith keyID: String = "r1",
            changing changes: [String: String?] = [:]
        ) async throws -> String {
            let signed = ProviderTokenTests.signedPart(header, changes)
            let algorithm = try await keys.getKey(for: JWKIdentifier(string: keyID))
            return signed + "." + Base64Codec.url.encode(try algorithm.sign(Array(signed.utf8)))
        }
    }

    private static func signedPart(_ header: String, _ changes: [String: String?] = [:]) -> String {
        var claims = [
            "sub": "\"\(subject)\"", "iss": "\"\(issuer)\"", "client_id": "\"onsale-web\"", "token_use": "\"access\"",
            "scope": "\"openid\"", "auth_time": "1800000000", "iat": "1800000000", "exp": "1800003600",
            "jti": "\"x\"", "username": "\"ada\"",
        ]
        for (name, value) in changes { claims[name] = value }
        let payload = "{" + claims.map { "\"\($0.key)\":\($0.value)" }.joined(separator: ",") + "}"
        return Base64Codec.url.encode(header.utf8) + "." + Base64Codec.url.encode(payload.utf8)
    }

    private static func configuration() -> IdentityProviderConfiguration {
        IdentityProviderConfiguration(
            url: "https://keys.example", issuer: issuer, audience: "onsale-web", adminGroup: "organisers")
    }

    /// A verifier that knows the provider's keys.
    private static func fixture() async throws -> (TokenFixture, Provider) {
        let provider = try await Provider()
        let fixture = try await TokenFixture(provider: configuration())
        fixture.verifier.adopt(try await ProviderKeys(json: Array(try provider.keySet.utf8)))
        return (fixture, provider)
    }

    @Test func aTokenOfTheProviderNamesItsUser() async throws {
        let (fixture, provider) = try await Self.fixture()
        let user = try #require(UserID(Self.subject))
        for token in [
            try await provider.token(), try await provider.token(#"{"alg":"ES256","kid":"e1"}"#, signedWith: "e1"),
        ] {
            #expect(
                try fixture.verifier.identity(for: token)
                    == Identity(userID: user, role: .user, provided: ProvidedAccount(email: nil)))
        }
        #expect(fixture.verifier.cachedTokens == 2)
        // Our own are what they were.
        #expect(fixture.refusal(of: try await fixture.token()) == nil)
    }

    @Test func membersOfTheGroupAreAdministrators() async throws {
        let (fixture, provider) = try await Self.fixture()
        for (groups, role) in [
            ("[\"organisers\"]", Role.admin), ("[\"a\",\"organisers\"]", .admin), ("[\"Organisers\"]", .user),
            ("[]", .user),
        ] {
            let token = try await provider.token(changing: ["cognito:groups": groups])
            #expect(try fixture.verifier.identity(for: token).role == role)
        }
        // What would make an administrator of our own tokens does not.
        let token = try await provider.token(changing: ["role": "\"admin\""])
        #expect(try fixture.verifier.identity(for: token).role == .user)
    }

    @Test func theAddressIsTakenIfItWasVerified() async throws {
        let (fixture, provider) = try await Self.fixture()
        for (verified, email) in [
            (nil, nil), ("true", "ada@example.org"), ("\"true\"", "ada@example.org"), ("false", nil),
            ("\"false\"", nil),
        ] as [(String?, String?)] {
            let token = try await provider.token(
                changing: ["email": "\"ada@example.org\"", "email_verified": verified])
            #expect(try fixture.verifier.identity(for: token).provided?.email == email)
        }
    }

    @Test func issuerAudienceUseSubjectAndTimesMustBeRight() async throws {
        let (fixture, provider) = try await Self.fixture()
        for (changes, code) in [
            (["iss": "\"onsale\""], .wrongIssuer), (["client_id": "\"other\""], .wrongAudience),
            (["client_id": nil], .wrongAudience), (["aud": "\"other\""], .wrongAudience),
            (["aud": "\"onsale-web\"", "client_id": nil], nil), (["token_use": "\"id\""], .wrongUse),
            (["token_use": nil], nil), (["sub": "\"ada\""], .invalidClaims), (["sub": nil], .malformed),
            (["exp": "1799999970"], .expired), (["exp": "1799999971"], nil), (["nbf": "1800000031"], .notYetValid),
            (["iat": "1800000030"], nil), (["exp": nil], .malformed),
        ] as [([String: String?], TokenError.Code?)] {
            #expect(fixture.refusal(of: try await provider.token(changing: changes)) == code, "\(changes)")
        }
    }

    @Test func theLeewayIsWhatIsConfigured() async throws {
        let provider = try await Provider()
        let fixture = try await TokenFixture(provider: Self.configuration()) { $0.clockSkew = .zero }
        fixture.verifier.adopt(try await ProviderKeys(json: Array(try provider.keySet.utf8)))
        #expect(fixture.refusal(of: try await provider.token(changing: ["exp": "1800000000"])) == .expired)
        #expect(fixture.refusal(of: try await provider.token(changing: ["iat": "1800000001"])) == .notYetValid)
        #expect(fixture.refusal(of: try await provider.token(changing: ["exp": "1800000001"])) == nil)
    }

    // MARK: - Confusion

    /// The classic: the public key, which everybody has, as the secret of an HMAC.
    @Test(arguments: ["r1", "e1", "k1"])
    func aTokenSignedWithThePublicKeyAsASecretIsRefused(keyID: String) async throws {
        let (fixture, provider) = try await Self.fixture()
        let (modulus, _) = try provider.rsa.publicKey.getKeyPrimitives()
        let pem = provider.rsa.publicKey.pemRepresentation
        for secret in [Array(pem.utf8), Array((pem + "\n").utf8), Array(modulus)] {
            let forger = await JWTKeyCollection().add(
                hmac: HMACKey(from: secret), digestAlgorithm: .sha256, kid: "f")
            for algorithm in ["HS256", "RS256"] {
                let signed = Self.signedPart("{\"alg\":\"\(algorithm)\",\"kid\":\"\(keyID)\"}")
                let signature = try await forger.getKey(for: "f").sign(Array(signed.utf8))
                let refusal = fixture.refusal(of: signed + "." + Base64Codec.url.encode(signature))
                #expect(refusal == .unsupportedAlgorithm || refusal == .badSignature)
            }
        }
    }

    @Test func noAlgorithmAndOtherAlgorithmsAreRefused() async throws {
        let (fixture, provider) = try await Self.fixture()
        for algorithm in ["none", "None", "", "RS384", "RS512", "PS256", "ES384", "EdDSA"] {
            let header = "{\"alg\":\"\(algorithm)\",\"kid\":\"r1\"}"
            #expect(fixture.refusal(of: try await provider.token(header)) == .unsupportedAlgorithm)
            #expect(fixture.refusal(of: Self.signedPart(header) + ".") == .unsupportedAlgorithm)
        }
        for header in [#"{"alg":"ES256","kid":"r1"}"#, #"{"alg":"RS256","kid":"e1"}"#, #"{"alg":"RS256","kid":"k1"}"#] {
            #expect(fixture.refusal(of: try await provider.token(header)) == .unsupportedAlgorithm)
        }
        for keyID in ["o1", "r2", "n1", "x"] {
            let token = try await provider.token("{\"alg\":\"RS256\",\"kid\":\"\(keyID)\"}")
            #expect(fixture.refusal(of: token) == .unknownKey)
        }
        #expect(fixture.refusal(of: try await provider.token(#"{"alg":"RS256"}"#)) == .unknownKey)
        let other = try await provider.token(#"{"alg":"RS256","kid":"r1"}"#, signedWith: "e1")
        #expect(fixture.refusal(of: other) == .badSignature)
    }

    @Test func neitherSideSignsForTheOther() async throws {
        let (fixture, provider) = try await Self.fixture()
        // The provider signs what looks like ours.
        let ours = try await provider.token(
            changing: ["iss": "\"onsale\"", "aud": "\"onsale\"", "role": "\"admin\"", "client_id": nil])
        #expect(fixture.refusal(of: ours) == .wrongIssuer)
        // Our key signs what looks like the provider's.
        let theirs = try await fixture.token(changing: ["iss": "\"\(Self.issuer)\"", "client_id": "\"onsale-web\""])
        #expect(fixture.refusal(of: theirs) == .wrongIssuer)
    }

    @Test func withoutAProviderItsTokensAreNothing() async throws {
        let provider = try await Provider()
        let fixture = try await TokenFixture()
        #expect(fixture.refusal(of: try await provider.token()) == .unsupportedAlgorithm)
    }

    @Test func aKeyThatTheProviderWithdrewVerifiesNothingNotEvenFromMemory() async throws {
        let (fixture, provider) = try await Self.fixture()
        let token = try await provider.token()
        #expect(fixture.refusal(of: token) == nil)
        fixture.verifier.adopt(try await ProviderKeys(json: Array(#"{"keys": []}"#.utf8)))
        #expect(fixture.refusal(of: token) == .unknownKey)
    }

    @Test(arguments: ["", "[]", "{}", "{\"keys\": 1}", "not json"])
    func whatIsNoKeySetIsRefused(_ text: String) async {
        await #expect(throws: (any Error).self) { try await ProviderKeys(json: Array(text.utf8)) }
    }

    @Test func settingsAreCheckedAndNamed() throws {
        func configuration(_ variables: [String: String]) throws(ConfigurationError) -> IdentityProviderConfiguration? {
            let provider = EnvironmentVariablesProvider(environmentVariables: variables)
            return try IdentityProviderConfiguration(config: ConfigReader(provider: provider))
        }
        #expect(try configuration([:]) == nil)
        let whole = ["JWKS_URL": "https://keys.example/jwks.json", "JWKS_ISSUER": "i", "JWKS_AUDIENCE": "a"]
        #expect(try configuration(whole)?.audience == "a")
        #expect(try configuration(whole.merging(["JWKS_URL": "http://127.0.0.1:1/x"]) { $1 }) != nil)
        for (changes, subject) in [
            (["JWKS_URL": "http://keys.example"], "JWKS_URL"), (["JWKS_URL": "file:///keys"], "JWKS_URL"),
            (["JWKS_ISSUER": ""], "JWKS_ISSUER"), (["JWKS_AUDIENCE": ""], "JWKS_AUDIENCE"),
            (["JWKS_REFRESH": "1s"], "JWKS_REFRESH"),
        ] {
            let error = #expect(throws: ConfigurationError.self) { try configuration(whole.merging(changes) { $1 }) }
            #expect(error?.subject == subject)
        }
    }
}
