import NIOCore

/// An IP address. One of version 4 is kept in its form of version 6, `::ffff:a.b.c.d` (RFC 4291 §2.5.5.2).
struct ClientAddress: Hashable, Sendable {
    private let high: UInt64
    private let low: UInt64

    private static let version4Prefix: UInt64 = 0xffff_0000_0000

    private init(version4 address: UInt32) {
        high = 0
        low = Self.version4Prefix | UInt64(address)
    }

    /// - Parameter bytes: 16 of them, in network order.
    private init(version6 bytes: UnsafeRawBufferPointer) {
        high = UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self))
        low = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
    }

    /// nil for a text that is no address, or has a zone or port with it.
    init?(_ text: some StringProtocol) {
        // What it throws says that the text is none.
        self.init(try? SocketAddress(ipAddress: String(text), port: 0))
    }

    /// nil for a Unix socket.
    init?(_ address: SocketAddress?) {
        guard let address else { return nil }
        let read = address.withSockAddr { pointer, size -> ClientAddress? in
            let bytes = UnsafeRawBufferPointer(start: pointer, count: size)
            // The address stands after family and port (ip(7)), and in version 6 after the flow too (ipv6(7)).
            switch address {
            case .v4: return Self(version4: UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: 4, as: UInt32.self)))
            case .v6: return Self(version6: UnsafeRawBufferPointer(rebasing: bytes[8..<24]))
            default: return nil
            }
        }
        guard let read else { return nil }
        self = read
    }

    private var isVersion4: Bool { high == 0 && low & ~0xffff_ffff == Self.version4Prefix }

    /// What is counted as one: an address of version 4, or the network of 64 bits that a host of version 6 has to
    /// itself.
    var network: ClientAddress { isVersion4 ? self : ClientAddress(high: high, low: 0) }

    private init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// The address with all but its first bits cleared.
    fileprivate func prefix(_ bits: Int) -> ClientAddress {
        ClientAddress(
            high: bits >= 64 ? high : bits == 0 ? 0 : high & (.max << UInt64(64 - bits)),
            low: bits <= 64 ? 0 : bits == 128 ? low : low & (.max << UInt64(128 - bits)))
    }

    /// For the name of a bucket.
    var key: String { String(high, radix: 16) + ":" + String(low, radix: 16) }

    fileprivate var bitsOfText: Int { isVersion4 ? 32 : 128 }
}

/// An address, or all that begin with the same bits: `10.0.0.0/8`.
struct AddressNetwork: Hashable, Sendable {
    private let first: ClientAddress
    private let bits: Int

    init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let address = ClientAddress(parts[0]) else { return nil }
        let all = address.bitsOfText
        guard let bits = parts.count == 1 ? all : Int(parts[1]), (0...all).contains(bits) else { return nil }
        self.bits = 128 - all + bits
        first = address.prefix(self.bits)
    }

    func contains(_ address: ClientAddress) -> Bool { address.prefix(bits) == first }
}

/// Says where a request comes from, and how: the peer, or what a proxy that is trusted says of it.
struct TrustedProxies: Sendable {
    private let networks: [AddressNetwork]

    init(_ networks: [AddressNetwork] = []) { self.networks = networks }

    func trusts(_ address: ClientAddress) -> Bool { networks.contains { $0.contains(address) } }

    /// The last address on the way here that is not a proxy of ours.
    ///
    /// - Parameter forwardedFor: The `X-Forwarded-For` of the request. Each proxy appends whom it was asked by, so only
    ///   what ours have written is believed: from the end back to the first that is none of them.
    func address(peer: SocketAddress?, forwardedFor: String?) -> ClientAddress? {
        way(peer: peer, forwardedFor: forwardedFor).last
    }

    /// Whether the client reached the first of our proxies by https.
    ///
    /// - Parameter forwardedProto: The `X-Forwarded-Proto` of the request. Most proxies write what they were reached by in
    ///   place of what was there; those that append it have one element for each. So what counts is the element of the
    ///   outermost proxy of ours, or the first if there are fewer. Without a trusted proxy nothing is believed.
    func isHTTPS(peer: SocketAddress?, forwardedFor: String?, forwardedProto: String?) -> Bool {
        guard let forwardedProto, let peerAddress = ClientAddress(peer), trusts(peerAddress) else { return false }
        let proxies = way(peer: peer, forwardedFor: forwardedFor).prefix(while: trusts).count
        let protocols = forwardedProto.split(separator: ",").suffix(proxies)
        return protocols.first.map { $0.filter { $0 != " " && $0 != "\t" }.lowercased() } == "https"
    }

    /// The peer, and before it whom each proxy that is trusted says it was asked by, up to the first that is none.
    private func way(peer: SocketAddress?, forwardedFor: String?) -> [ClientAddress] {
        guard let peer = ClientAddress(peer) else { return [] }
        var way = [peer]
        for text in (forwardedFor ?? "").split(separator: ",").reversed() {
            guard trusts(way[way.count - 1]), let address = ClientAddress(text.filter { $0 != " " && $0 != "\t" })
            else { break }
            way.append(address)
        }
        return way
    }
}
