import Testing

@testable import RedisClient

@Suite struct ReplyReaderTests {
    /// Each kind of reply, and what it is read as.
    static let replies: [(wire: String, value: RESPValue)] = [
        ("+OK\r\n", .status("OK")),
        (
            "-WRONGTYPE Operation against a key\r\n",
            .error(RedisServerError(message: "WRONGTYPE Operation against a key"))
        ),
        (":0\r\n", .integer(0)),
        (":-42\r\n", .integer(-42)),
        (":9223372036854775807\r\n", .integer(.max)),
        ("$-1\r\n", .null),
        ("*-1\r\n", .null),
        ("$0\r\n\r\n", .bytes([])),
        ("$7\r\na\r\nb\0cd\r\n", .bytes(Array("a\r\nb\0cd".utf8))),
        ("*0\r\n", .array([])),
        (
            "*4\r\n$1\r\na\r\n$-1\r\n:7\r\n-ERR no\r\n",
            .array([.bytes([97]), .null, .integer(7), .error(RedisServerError(message: "ERR no"))])
        ),
        (
            "*2\r\n*2\r\n+a\r\n*1\r\n*1\r\n:1\r\n*0\r\n",
            .array([.array([.status("a"), .array([.array([.integer(1)])])]), .array([])])
        ),
    ]

    private func read(_ chunks: [[UInt8]]) throws -> [RESPValue] {
        let reader = ReplyReader()
        var values: [RESPValue] = []
        for chunk in chunks {
            try chunk.withUnsafeBytes { try reader.feed($0) }
            while let value = try reader.next() { values.append(value) }
        }
        return values
    }

    @Test("Every kind of reply is read", arguments: replies)
    func everyKind(_ reply: (wire: String, value: RESPValue)) throws {
        #expect(try read([Array(reply.wire.utf8)]) == [reply.value])
    }

    @Test("Replies cut at any byte are read as if they came whole")
    func cutAnywhere() throws {
        let wire = Array(Self.replies.map(\.wire).joined().utf8)
        let values = Self.replies.map(\.value)
        #expect(try read([wire]) == values)
        #expect(try read(wire.map { [$0] }) == values)
        for cut in 1..<wire.count {
            #expect(try read([Array(wire[..<cut]), Array(wire[cut...])]) == values)
        }
    }

    @Test("A torn reply is no reply")
    func torn() throws {
        for reply in Self.replies {
            #expect(try read([Array(reply.wire.utf8.dropLast())]).isEmpty)
        }
    }

    @Test("A value of four megabytes in pieces of a few kilobytes is read whole")
    func large() throws {
        let payload = [UInt8](repeating: 120, count: 4 << 20)
        let wire = Array("$\(payload.count)\r\n".utf8) + payload + Array("\r\n".utf8)
        let chunks = stride(from: 0, to: wire.count, by: 5_000).map { Array(wire[$0..<min($0 + 5_000, wire.count)]) }
        #expect(try read(chunks) == [.bytes(payload)])
    }

    @Test(
        "What is not the protocol is an error",
        arguments: ["HTTP/1.1 400 Bad Request\r\n", "hello", "%1\r\n+a\r\n+b\r\n", ":12x\r\n", "\0\0\0\0"])
    func garbage(_ wire: String) throws {
        let error = #expect(throws: RedisClientError.self) { try read([Array(wire.utf8)]) }
        #expect(error?.code == .protocolViolation)
        #expect(error?.mayHaveRun == true)
        #expect(error?.message.isEmpty == false)
    }

    @Test("Replies before garbage are still read")
    func garbageAfterReply() throws {
        let reader = ReplyReader()
        try Array("+OK\r\n!".utf8).withUnsafeBytes { try reader.feed($0) }
        #expect(try reader.next() == .status("OK"))
        #expect(throws: RedisClientError.self) { try reader.next() }
    }

    @Test("Arrays nested deeper than hiredis can are an error, not a crash")
    func tooDeep() {
        let error = #expect(throws: RedisClientError.self) {
            try read([Array((String(repeating: "*1\r\n", count: 20) + ":1\r\n").utf8)])
        }
        #expect(error?.code == .protocolViolation)
    }
}
