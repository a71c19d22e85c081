import Foundation
import JWTKit
import Synchronization
package import Ticketing

/// Says whom an access token stands for: from memory when it was verified before, else by verifying it.
///
/// Both ways are synchronous, so a request never leaves its event loop for it. Processor time on a release build,
/// 50,000 tokens of 270 bytes: 0.4 µs from memory, 10 µs the first time.
package final class TokenVerifier: Sendable {
    private static let decoder = JSONDecoder()

    private let configuration: TokenConfiguration
    private let keys: TokenKeys
    private let cache: IdentityCache
    private let skew: Double
    private let now: @Sendable () -> Double
    private let standings = Mutex<[UserID: Role?]>([:])
    private let provider: IdentityProviderConfiguration?
    private let providerKeys = Mutex(ProviderKeys.none)
    /// How often they were replaced.
    private let keyGeneration = Atomic(0)
    /// One element when tokens have named keys that the provider may have and that are not known here.
    package let unknownProviderKeys: AsyncStream<Void>
    private let unknownProviderKey: AsyncStream<Void>.Continuation

    /// Whose rules a token is checked by: those of whoever has the key.
    private enum Signer {
        case own
        case provider(IdentityProviderConfiguration)
    }

    /// - Parameters:
    ///   - provider: An outside identity provider whose tokens are accepted as well, once `adopt` has its keys.
    ///   - now: Seconds since 1970; tests put a clock of their own here.
    package init(
        configuration: TokenConfiguration, provider: IdentityProviderConfiguration? = nil,
        now: @escaping @Sendable () -> Double = WallClock.seconds
    ) async throws(TokenKeyError) {
        self.configuration = configuration
        self.keys = try await TokenKeys(configuration)
        self.cache = IdentityCache(capacity: configuration.cacheCapacity)
        self.skew = configuration.clockSkew / .seconds(1)
        self.now = now
        self.provider = provider
        (unknownProviderKeys, unknownProviderKey) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Verified tokens in memory, for a gauge.
    package var cachedTokens: Int { cache.count }

    /// From now on refuses tokens that say more than is true of their account: each one of an account that is gone
    /// (nil), an administrator's of one that is a user's. Replaces what was said before. Costs nothing where tokens are
    /// found in memory: those that are refused are not there any more.
    package func apply(_ standings: [UserID: Role?]) {
        let isNew = self.standings.withLock { current in
            defer { current = standings }
            return current != standings
        }
        if isNew { cache.removeAll { isOutdated($0) } }
    }

    /// The provider's keys from now on. What was verified by those before is verified again.
    package func adopt(_ keys: ProviderKeys) {
        providerKeys.withLock { $0 = keys }
        keyGeneration.add(1, ordering: .sequentiallyConsistent)
        cache.removeAll { $0.provided != nil }
    }

    /// What an account of the provider may, its token says alone.
    private func isOutdated(_ identity: Identity) -> Bool {
        standings.withLock { standings in
            guard let standing = standings[identity.userID] else { return false }
            return standing == nil || standing == .user && identity.role == .admin && identity.provided == nil
        }
    }

    /// The identity in `token`, the compact form without `Bearer`.
    package func identity(for token: some StringProtocol) throws(TokenError) -> Identity {
        let text = token.utf8
        let found = text.withContiguousStorageIfAvailable { identityOfBytes(UnsafeRawBufferPointer($0)) }
        if let found { return try found.get() }
        // Not contiguous, or a bridged text: copied once.
        return try Array(text).withUnsafeBytes { identityOfBytes($0) }.get()
    }

    private func identityOfBytes(_ bytes: UnsafeRawBufferPointer) -> Result<Identity, TokenError> {
        guard bytes.count <= configuration.maximumTokenBytes else { return .failure(TokenError(.oversized)) }
        let now = now()
        let hash = IdentityCache.hash(bytes)
        if let identity = cache.identity(hash: hash, token: bytes, now: now) { return .success(identity) }
        let generation = keyGeneration.load(ordering: .sequentiallyConsistent)
        return Result { () throws(TokenError) in
            let (identity, expires) = try verify(bytes, now: now)
            guard !isOutdated(identity) else { throw TokenError(.outdated) }
            if bytes.count <= configuration.maximumCachedTokenBytes {
                cache.insert(identity, hash: hash, token: bytes, expires: expires)
            }
            if identity.provided != nil, keyGeneration.load(ordering: .sequentiallyConsistent) != generation {
                // Verified by keys that are the provider's no more.
                cache.removeAll { $0 == identity }
            }
            // Once more: what is applied later than this look finds the token in memory and removes it.
            guard !isOutdated(identity) else {
                cache.removeAll { $0 == identity }
                throw TokenError(.outdated)
            }
            return identity
        }
    }

    /// Checks everything about a token. The second value is when it stops being accepted.
    private func verify(
        _ bytes: UnsafeRawBufferPointer, now: Double
    ) throws(TokenError) -> (Identity, expires: Double) {
        let parts = bytes.split(separator: UInt8(ascii: "."), maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count == 3 else { throw TokenError(.malformed) }
        let algorithm: any JWTAlgorithm
        let signer: Signer
        if let known = keys.algorithm(issuedHeader: parts[0]) {
            (algorithm, signer) = (known, .own)
        } else {
            (algorithm, signer) = try self.algorithm(namedIn: parts[0])
        }
        guard let payload = Base64Codec.url.decode(parts[1]), let signature = Base64Codec.url.decode(parts[2]) else {
            throw TokenError(.malformed)
        }

        let signed = Array(bytes[..<parts[1].endIndex])
        // jwt-kit compares in constant time; an error of its own is no valid signature either.
        guard (try? algorithm.verify(signature, signs: signed)) == true else { throw TokenError(.badSignature) }

        switch signer {
        case .own:
            guard let claims = decode(TokenClaims.self, payload) else { throw TokenError(.malformed) }
            return (try check(claims, now: now), claims.exp + skew)
        case .provider(let provider):
            guard let claims = decode(ProviderClaims.self, payload) else { throw TokenError(.malformed) }
            return (try check(claims, of: provider, now: now), claims.exp + skew)
        }
    }

    /// The algorithm of the key that a header names. It belongs to the key: what the header says may only agree with
    /// it.
    private func algorithm(
        namedIn encoded: some Collection<UInt8>
    ) throws(TokenError) -> (any JWTAlgorithm, Signer) {
        guard let bytes = Base64Codec.url.decode(encoded), let header = decode(TokenHeader.self, bytes),
            header.crit == nil
        else { throw TokenError(.malformed) }
        let isOfProvider = provider != nil && ProviderKeys.algorithmNames.contains(header.alg)
        guard isOfProvider || keys.supports(algorithmName: header.alg) else { throw TokenError(.unsupportedAlgorithm) }
        guard let keyID = header.kid else { throw TokenError(.unknownKey) }
        if let algorithm = keys.algorithm(keyID: keyID) {
            guard algorithm.name == header.alg else { throw TokenError(.unsupportedAlgorithm) }
            return (algorithm, .own)
        }
        if let provider, let algorithm = providerKeys.withLock({ $0.algorithm(keyID: keyID) }) {
            guard algorithm.name == header.alg else { throw TokenError(.unsupportedAlgorithm) }
            return (algorithm, .provider(provider))
        }
        if isOfProvider { unknownProviderKey.yield() }
        throw TokenError(.unknownKey)
    }

    private func check(_ claims: TokenClaims, now: Double) throws(TokenError) -> Identity {
        guard claims.iss == configuration.issuer else { throw TokenError(.wrongIssuer) }
        guard claims.aud.contains(configuration.audience) else { throw TokenError(.wrongAudience) }
        try checkTimes(expires: claims.exp, begins: max(claims.nbf ?? 0, claims.iat ?? 0), now: now)
        guard let userID = UserID(claims.sub), let role = Role(rawValue: claims.role) else {
            throw TokenError(.invalidClaims)
        }
        return Identity(userID: userID, role: role)
    }

    private func check(
        _ claims: ProviderClaims, of provider: IdentityProviderConfiguration, now: Double
    ) throws(TokenError) -> Identity {
        guard claims.iss == provider.issuer else { throw TokenError(.wrongIssuer) }
        guard claims.isFor(provider.audience) else { throw TokenError(.wrongAudience) }
        // An identity token is for the application that asked for it, and is shown to others.
        guard claims.tokenUse ?? "access" == "access" else { throw TokenError(.wrongUse) }
        try checkTimes(expires: claims.exp, begins: max(claims.nbf ?? 0, claims.iat ?? 0), now: now)
        guard let userID = UserID(claims.sub) else { throw TokenError(.invalidClaims) }
        let isAdmin = provider.adminGroup.map { claims.groups?.contains($0) == true } ?? false
        return Identity(
            userID: userID, role: isAdmin ? .admin : .user, provided: ProvidedAccount(email: claims.verifiedEmail))
    }

    private func checkTimes(expires: Double, begins: Double, now: Double) throws(TokenError) {
        guard now < expires + skew else { throw TokenError(.expired) }
        guard begins <= now + skew else { throw TokenError(.notYetValid) }
    }

    private func decode<Value: Decodable>(_ type: Value.Type, _ bytes: [UInt8]) -> Value? {
        // What is wrong with the JSON is of no use to anybody: the token is not ours or it is damaged.
        try? Self.decoder.decode(type, from: Data(bytes))
    }
}
