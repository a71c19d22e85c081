import NIOCore
import NIOEmbedded
import Testing

@testable import RedisClient

/// The channel handler in a channel without a network.
@Suite struct RedisConnectionTests {
    /// Unchecked: used by the test's thread only, as an embedded event loop is.
    private final class Consumer: ReplyConsumer, @unchecked Sendable {
        var events: [String] = []

        func connected(_ connection: RedisConnection) { events.append("connected") }
        func bytesArrived() {}
        func received(_ reply: RESPValue) { events.append("\(reply)") }
        func readComplete() { events.append("complete") }
        func disconnected(_ error: RedisClientError) { events.append("\(error.code)") }
    }

    private let consumer = Consumer()
    private let channel = EmbeddedChannel()

    private func connect(_ url: String = "redis://:secret@h/2") throws -> RedisConnection {
        let connection = RedisConnection(
            address: RedisAddress(host: "127.0.0.1", port: 1), eventLoop: channel.eventLoop,
            configuration: try RedisConfiguration(url: url), consumer: consumer)
        try channel.pipeline.syncOperations.addHandler(connection)
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        return connection
    }

    private func written() throws -> String? {
        try channel.readOutbound(as: ByteBuffer.self).map { String(buffer: $0) }
    }

    @Test("The greeting comes first, in one piece, and the consumer hears nothing before it is answered")
    func greeting() throws {
        let connection = try connect()
        #expect(
            try written()
                == "*2\r\n$4\r\nAUTH\r\n$6\r\nsecret\r\n*2\r\n$6\r\nSELECT\r\n$1\r\n2\r\n*1\r\n$4\r\nPING\r\n")
        try channel.writeInbound(ByteBuffer(string: "+OK\r\n+OK\r\n"))
        #expect(consumer.events == [])
        try channel.writeInbound(ByteBuffer(string: "+PONG\r\n"))
        #expect(consumer.events == ["connected", "complete"])
        connection.close(.wasShutDown)
        #expect(consumer.events.last == "shutDown")
    }

    @Test("A refused greeting is no connection, whatever follows it")
    func refused() throws {
        let connection = try connect()
        try channel.writeInbound(ByteBuffer(string: "-WRONGPASS no\r\n+OK\r\n+PONG\r\n"))
        #expect(consumer.events == [])
        #expect(!channel.isActive)
        #expect(throws: RedisClientError.self) { try connection.ready.wait() }
        try connection.ended.wait()
    }

    @Test("A greeting that is not answered in time is no connection")
    func greetingTimeout() throws {
        let connection = try connect()
        channel.embeddedEventLoop.advanceTime(by: .milliseconds(1_999))
        #expect(channel.isActive)
        channel.embeddedEventLoop.advanceTime(by: .milliseconds(1))
        #expect(!channel.isActive)
        #expect(throws: RedisClientError.self) { try connection.ready.wait() }
    }

    @Test("Commands written before a flush leave in one piece")
    func oneFlush() throws {
        let connection = try connect("redis://h")
        _ = try written()
        try channel.writeInbound(ByteBuffer(string: "+PONG\r\n"))
        for _ in 0..<3 { connection.write(RedisCommand("GET", "k")) }
        #expect(try written() == nil)
        connection.flush()
        #expect(try written() == String(repeating: "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n", count: 3))
        connection.flush()
        #expect(try written() == nil)
        connection.close(.wasShutDown)
    }

    @Test("Replies of any cut reach the consumer, and the loss of the connection does once")
    func replies() throws {
        _ = try connect("redis://h")
        try channel.writeInbound(ByteBuffer(string: "+PONG\r\n:1\r\n:"))
        try channel.writeInbound(ByteBuffer(string: "2\r\n"))
        #expect(consumer.events == ["connected", "integer(1)", "complete", "integer(2)", "complete"])
        _ = try channel.finish()
        #expect(consumer.events.count { $0 == "connectionLost" } == 1)
    }
}
