import NIOCore
import Testing

@testable import Gateway

@Suite struct ClientAddressTests {
    private static let proxies = TrustedProxies(
        ["10.0.0.0/8", "192.0.2.7", "fd00::/8"].compactMap { AddressNetwork($0) })

    private static func address(_ peer: String, _ forwardedFor: String?) throws -> ClientAddress? {
        proxies.address(peer: try SocketAddress(ipAddress: peer, port: 1), forwardedFor: forwardedFor)
    }

    @Test(
        arguments: [
            // Without a proxy what is claimed does not count.
            ("203.0.113.9", nil, "203.0.113.9"), ("203.0.113.9", "198.51.100.1", "203.0.113.9"),
            ("2001:db8::1", "198.51.100.1", "2001:db8::1"),
            // One proxy, two, and what somebody made up before them.
            ("10.1.2.3", "198.51.100.1", "198.51.100.1"), ("192.0.2.7", "198.51.100.1,10.9.9.9", "198.51.100.1"),
            ("fd00::1", "1.1.1.1, 198.51.100.1 , 10.9.9.9", "198.51.100.1"),
            ("10.1.2.3", "2001:db8::1", "2001:db8::1"),
            // Nothing, nonsense, and proxies alone.
            ("10.1.2.3", nil, "10.1.2.3"), ("10.1.2.3", "", "10.1.2.3"), ("10.1.2.3", "unknown", "10.1.2.3"),
            ("10.1.2.3", "x, 10.4.4.4", "10.4.4.4"), ("10.1.2.3", "10.5.5.5, 10.4.4.4", "10.5.5.5"),
            ("192.0.2.8", "198.51.100.1", "192.0.2.8"),
        ] as [(String, String?, String)])
    func theClientIsTheLastWhoIsNoProxyOfOurs(peer: String, forwardedFor: String?, client: String) throws {
        #expect(try Self.address(peer, forwardedFor) == ClientAddress(client))
    }

    @Test(
        arguments: [
            // Without a proxy of ours nothing is believed.
            ("203.0.113.9", nil, "https", false), ("203.0.113.9", "10.1.2.3", "https", false),
            // One proxy, which writes what it was reached by, or appends it to what a client made up.
            ("10.1.2.3", nil, "https", true), ("10.1.2.3", "198.51.100.1", "HTTPS", true),
            ("10.1.2.3", "198.51.100.1", "http", false), ("10.1.2.3", "198.51.100.1", nil, false),
            ("10.1.2.3", "198.51.100.1", "", false), ("10.1.2.3", "198.51.100.1", "https, http", false),
            ("10.1.2.3", "198.51.100.1", "http , https", true),
            // Two, the second reached by http; both write, or the first alone, or each in place of the one before.
            ("10.1.2.3", "198.51.100.1, 192.0.2.7", "https, http", true),
            ("10.1.2.3", "198.51.100.1, 192.0.2.7", "https", true),
            ("10.1.2.3", "198.51.100.1, 192.0.2.7", "http", false),
            ("10.1.2.3", "198.51.100.1, 192.0.2.7", "http, https, http", true),
            ("10.1.2.3", "198.51.100.1, 192.0.2.7", "https, http, http", false),
        ] as [(String, String?, String?, Bool)])
    func howTheClientCameIsWhatTheOutermostProxySays(
        peer: String, forwardedFor: String?, forwardedProto: String?, isHTTPS: Bool
    ) throws {
        let peer = try SocketAddress(ipAddress: peer, port: 1)
        #expect(
            Self.proxies.isHTTPS(peer: peer, forwardedFor: forwardedFor, forwardedProto: forwardedProto) == isHTTPS)
        #expect(!TrustedProxies().isHTTPS(peer: peer, forwardedFor: forwardedFor, forwardedProto: forwardedProto))
    }

    @Test func anAddressOfVersion4IsTheSameInItsFormOfVersion6() {
        #expect(ClientAddress("::ffff:192.0.2.7") == ClientAddress("192.0.2.7"))
        #expect(ClientAddress("::ffff:192.0.2.7").map { Self.contains("192.0.2.0/24", $0) } == true)
    }

    private static func contains(_ network: String, _ address: ClientAddress) -> Bool {
        AddressNetwork(network)?.contains(address) == true
    }

    @Test func ofVersion6TheNetworkCounts() throws {
        let one = try #require(ClientAddress("2001:db8:1:2:3:4:5:6"))
        let other = try #require(ClientAddress("2001:db8:1:2:ffff::1"))
        #expect(one != other)
        #expect(one.network == other.network)
        #expect(one.network != ClientAddress("2001:db8:1:3::1")?.network)
        let four = try #require(ClientAddress("192.0.2.7"))
        #expect(four.network == four)
        #expect(Set([one, other, four].map(\.key)).count == 3)
    }

    @Test(arguments: [
        "", "1.2.3", "1.2.3.4:80", "[::1]", "1.2.3.4/33", "::1/129", "1.2.3.4/-1", "1.2.3.4/x", "/8", "x/8",
    ])
    func whatIsNoNetworkIsRefused(_ text: String) { #expect(AddressNetwork(text) == nil) }

    @Test func aNetworkHasItsAddressesAndNoOthers() throws {
        for (network, inside, outside) in [
            ("0.0.0.0/0", "255.255.255.255", "2001:db8::1"), ("10.0.0.0/9", "10.127.255.255", "10.128.0.0"),
            ("::/0", "1.2.3.4", nil), ("2001:db8::/63", "2001:db8:0:1::", "2001:db8:0:2::"),
            ("2001:db8::/65", "2001:db8::7fff:0:0:0", "2001:db8::8000:0:0:0"), ("::1", "::1", "::2"),
        ] as [(String, String, String?)] {
            #expect(Self.contains(network, try #require(ClientAddress(inside))), "\(network)")
            if let outside { #expect(!Self.contains(network, try #require(ClientAddress(outside))), "\(network)") }
        }
    }
}
