import NIOCore
import NIOPosix
import TestSupport
import Testing

@Suite("A link that is disturbed", .timeLimit(.minutes(1)))
struct LinkTests {
    @Test("Passes everything on, in order, and spreads connections over the servers that answer")
    func passes() async throws {
        let servers = [try await EchoServer.start(), try await EchoServer.start()]
        let gone = try freePort()
        let link = try await Link.open(
            to: [servers[0].port, gone, servers[1].port], on: MultiThreadedEventLoopGroup.singleton.next())
        for _ in 0..<4 {
            let client = try await Client.connect(to: link.port)
            for text in ["one", "two", "three"] { #expect(try await client.ask(text) == text) }
        }
        for server in servers { #expect(server.connections > 0) }
        try await link.close()
    }

    @Test("A delay is a delay, and what was sent after it ended does not overtake")
    func delay() async throws {
        let (link, _, client) = try await connected()
        try await link.disturb(.delay(.milliseconds(150)))
        let start = ContinuousClock.now
        try await client.send("slow ")
        // The request has to be on its way before the delay ends.
        try await Task.sleep(for: .milliseconds(50))
        try await link.heal()
        try await client.send("quick")
        #expect(try await client.receive(count: 10) == "slow quick")
        #expect(ContinuousClock.now - start >= .milliseconds(150))
        try await link.close()
    }

    @Test("A black hole says nothing; healing resets what has missed something, and new connections work")
    func blackHole() async throws {
        let (link, server, client) = try await connected()
        try await link.disturb(.blackHole)
        try await client.send("lost")
        let late = try await Client.connect(to: link.port)
        try await late.send("lost as well")
        try await Task.sleep(for: .milliseconds(100))
        #expect(client.received.isEmpty && !client.isClosed)
        #expect(late.received.isEmpty && !late.isClosed)
        #expect(server.bytes == 5, "only the greeting came through")
        try await link.heal()
        try await eventually("both are told") { client.isClosed && late.isClosed }
        #expect(client.wasReset)
        #expect(try await Client.connect(to: link.port).ask("again") == "again")
        try await link.close()
    }

    @Test("A connection that was idle in a black hole goes on")
    func idleInBlackHole() async throws {
        let (link, _, client) = try await connected()
        try await link.disturb(.blackHole)
        try await link.heal()
        #expect(try await client.ask("still here") == "still here")
        try await link.close()
    }

    @Test("A cut resets what is open and all that comes, until it is healed")
    func cut() async throws {
        let (link, _, client) = try await connected()
        try await link.disturb(.cut)
        try await eventually("the client is told") { client.isClosed }
        #expect(client.wasReset)
        try await expectNewcomerTold(link)
        try await link.heal()
        #expect(try await Client.connect(to: link.port).ask("again") == "again")
        try await link.close()
    }

    @Test("A reset ends what is open, not what comes")
    func reset() async throws {
        let (link, server, client) = try await connected()
        try await link.reset()
        try await eventually("the client is told") { client.isClosed }
        #expect(client.wasReset)
        try await eventually("the server is told") { server.open == 0 }
        #expect(try await Client.connect(to: link.port).ask("again") == "again")
        try await link.close()
    }

    @Test("A reply is cut inside, after as many bytes as were asked for; the request has come through")
    func cutInsideReply() async throws {
        let (link, server, client) = try await connected()
        try await link.cutNextReplies(after: 3)
        try await client.send("a whole reply")
        try await eventually("the connection ends") { client.isClosed }
        #expect(client.received == "a w")
        #expect(server.bytes == 5 + 13)
        #expect(try await Client.connect(to: link.port).ask("again") == "again")
        try await link.close()
    }

    @Test("A server that is gone shows as a reset, and its end as the end")
    func noServer() async throws {
        let (link, server, client) = try await connected()
        try await server.stop()
        try await eventually("the client is told") { client.isClosed }
        try await expectNewcomerTold(link)
        #expect(try await link.connections() == 0)
        try await link.close()
    }

    private func expectNewcomerTold(_ link: Link) async throws {
        do {
            let newcomer = try await Client.connect(to: link.port)
            try await eventually("a new client is told") { newcomer.isClosed }
        } catch is NIOConnectionError {
            // The reset came before the client had seen that it is connected.
        }
    }

    private func connected() async throws -> (Link, EchoServer, Client) {
        let server = try await EchoServer.start()
        let link = try await Link.open(to: [server.port], on: MultiThreadedEventLoopGroup.singleton.next())
        let client = try await Client.connect(to: link.port)
        #expect(try await client.ask("hello") == "hello")
        return (link, server, client)
    }
}
