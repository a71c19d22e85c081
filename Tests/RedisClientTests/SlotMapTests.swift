import Testing

@testable import RedisClient

/// Slots, the map of them and refusals, without a server.
@Suite struct SlotMapTests {
    private static let own = RedisAddress(host: "10.0.0.9", port: 7_000)

    private static func node(_ host: RESPValue, _ port: Int64) -> RESPValue {
        .array([host, .integer(port), .bytes(Array("id".utf8))])
    }

    private static func text(_ text: String) -> RESPValue { .bytes(Array(text.utf8)) }

    /// Two primaries, the first with a replica; slots 100 to 199 are nobody's.
    private static let reply = RESPValue.array([
        .array([.integer(0), .integer(99), node(text("a"), 1), node(text("b"), 2)]),
        .array([.integer(200), .integer(16_383), node(text("c"), 3)]),
    ])

    private func slot(_ number: Int) throws -> HashSlot { try #require(HashSlot(number: number)) }

    @Test(
        "A key's slot is the CRC16 of its tag, or of the whole key when it has none",
        arguments: [
            // The check value of the specification's appendix A, 0x31C3, is below 16,384.
            ("123456789", 0x31C3), ("foo", 12_182), ("{user1000}.following", 3_443), ("{user1000}.followers", 3_443),
            ("user1000", 3_443), ("foo{}{bar}", 8_363), ("foo{{bar}}zap", 4_015), ("{bar", 4_015),
            ("foo{bar}{zap}", 5_061),
            ("", 0),
        ])
    func keySlots(_ key: String, _ expected: Int) {
        #expect(Int(HashSlot(of: RedisArgument(key)).number) == expected)
        #expect(HashSlot(of: RedisArgument(bytes: Array(key.utf8))) == HashSlot(of: RedisArgument(key)))
    }

    @Test("Numbers that are no slot's are none")
    func slotNumbers() {
        #expect(HashSlot(number: 16_383) != nil)
        #expect(HashSlot(number: 16_384) == nil)
        #expect(HashSlot(number: -1) == nil)
        #expect(HashSlot(number: Int64.max) == nil)
    }

    @Test("The map names each slot's primary, knows the replicas, and has gaps where nobody serves")
    func map() throws {
        let map = try #require(SlotMap(Self.reply, answeredBy: Self.own))
        #expect(try map[slot(0)] == RedisAddress(host: "a", port: 1))
        #expect(try map[slot(99)] == RedisAddress(host: "a", port: 1))
        #expect(try map[slot(100)] == nil)
        #expect(try map[slot(16_383)] == RedisAddress(host: "c", port: 3))
        #expect(map.primaries.map(\.port) == [1, 3])
        #expect(map.nodes.map(\.port).sorted() == [1, 2, 3])
    }

    @Test("A node without an address of its own is the one that answered; one whose address nobody knows is left out")
    func unknownAddresses() throws {
        let reply = RESPValue.array([
            .array([.integer(0), .integer(5), Self.node(.null, 7_000)]),
            .array([.integer(6), .integer(9), Self.node(Self.text(""), 7_001)]),
            .array([.integer(10), .integer(19), Self.node(Self.text("?"), 7_002)]),
        ])
        let map = try #require(SlotMap(reply, answeredBy: Self.own))
        #expect(try map[slot(0)] == Self.own)
        #expect(try map[slot(6)] == RedisAddress(host: "10.0.0.9", port: 7_001))
        #expect(try map[slot(10)] == nil)
        #expect(map.nodes.count == 2)
    }

    @Test(
        "What is no slot map is none",
        arguments: [
            RESPValue.null, .status("OK"), .array([.integer(1)]), .array([.array([.integer(0), .integer(5)])]),
            .array([.array([.integer(5), .integer(0), node(text("a"), 1)])]),
            .array([.array([.integer(0), .integer(16_384), node(text("a"), 1)])]),
            .array([.array([.integer(0), .integer(5), .array([])])]),
            .array([.array([.integer(0), .integer(5), node(text("a"), 70_000)])]),
        ])
    func noMap(_ reply: RESPValue) {
        #expect(SlotMap(reply, answeredBy: Self.own) == nil)
    }

    @Test("A redirection moves one slot, also to a node that was not there before")
    func moved() throws {
        var map = try #require(SlotMap(Self.reply, answeredBy: Self.own))
        let new = RedisAddress(host: "d", port: 4)
        map.move(try slot(5), to: new)
        #expect(try map[slot(5)] == new)
        #expect(try map[slot(6)] == RedisAddress(host: "a", port: 1))
        #expect(map.primaries.contains(new) && map.nodes.contains(new))
    }

    @Test("Refusals are read with their slot and node; IPv6 and a missing host are understood")
    func refusals() throws {
        func refusal(_ message: String) -> ClusterRefusal? {
            ClusterRefusal(RedisServerError(message: message), answeredBy: Self.own)
        }
        #expect(
            refusal("MOVED 3999 127.0.0.1:6381") == .moved(try slot(3_999), to: .init(host: "127.0.0.1", port: 6_381)))
        #expect(refusal("MOVED 3999 :6381") == .moved(try slot(3_999), to: .init(host: "10.0.0.9", port: 6_381)))
        #expect(refusal("ASK 3999 ::1:6381") == .ask(.init(host: "::1", port: 6_381)))
        #expect(refusal("TRYAGAIN Multiple keys request during rehashing of slot") == .tryAgain)
        #expect(refusal("CLUSTERDOWN Hash slot not served") == .clusterDown)
        #expect(refusal("READONLY You can't write against a read only replica.") == .readOnly)
        for message in ["MOVED", "MOVED 16384 a:1", "MOVED 1 a", "MOVED 1 a:0", "ASK 1 a:b", "ERR MOVED 1 a:1", ""] {
            #expect(refusal(message) == nil)
        }
    }
}

@Suite struct CommandRouteTests {
    private let node = RedisAddress(host: "a", port: 1)
    private var generator = SystemRandomNumberGenerator()

    @Test("A redirection names the next node, and only an ASK is announced there")
    mutating func redirections() throws {
        var route = CommandRoute()
        let slot = try #require(HashSlot(number: 1))
        #expect(route.hop(after: .moved(slot, to: node), using: &generator) == .to(node, asking: false))
        #expect(route.hop(after: .ask(node), using: &generator) == .to(node, asking: true))
    }

    @Test("Nodes that send a command round in circles are not followed for ever")
    mutating func circles() throws {
        var route = CommandRoute()
        for _ in 0..<CommandRoute.redirectionLimit {
            #expect(route.hop(after: .ask(node), using: &generator) != nil)
        }
        #expect(route.hop(after: .ask(node), using: &generator) == nil)
    }

    @Test("What cannot run now waits for longer and longer, up to a limit, and may then be redirected again")
    mutating func pauses() throws {
        var route = CommandRoute()
        var last = Duration.zero
        for round in 0..<40 {
            let refusal: ClusterRefusal = [.tryAgain, .clusterDown, .readOnly][round % 3]
            guard case .later(let pause)? = route.hop(after: refusal, using: &generator) else {
                Issue.record("\(refusal) is followed by a pause")
                return
            }
            #expect(pause > .zero && pause <= .milliseconds(250))
            if round < 5 { #expect(pause > last / 2) }
            last = pause
            #expect(route.hop(after: .ask(node), using: &generator) == .to(node, asking: true))
        }
    }
}
