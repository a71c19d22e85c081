import CHiredis

/// Turns the bytes of the server into replies; hiredis does the parsing. One per connection, used by one thread.
///
/// hiredis 0.14 knows RESP2 and arrays nested up to seven deep, which is more than any command of Redis answers
/// except what a script builds by hand.
struct ReplyReader: ~Copyable {
    private let reader: UnsafeMutablePointer<redisReader>

    init() {
        guard let reader = redisReaderCreate() else { fatalError("out of memory") }
        self.reader = reader
    }

    deinit {
        redisReaderFree(reader)
    }

    /// Takes over more bytes, cut anywhere.
    func feed(_ bytes: UnsafeRawBufferPointer) throws(RedisClientError) {
        guard let base = bytes.baseAddress else { return }
        guard redisReaderFeed(reader, base.assumingMemoryBound(to: CChar.self), bytes.count) == REDIS_OK else {
            throw violation()
        }
    }

    /// The next whole reply, or nil when more bytes are needed. After an error the reader is of no use.
    func next() throws(RedisClientError) -> RESPValue? {
        var reply: UnsafeMutableRawPointer?
        guard redisReaderGetReply(reader, &reply) == REDIS_OK else { throw violation() }
        guard let reply else { return nil }
        defer { freeReplyObject(reply) }
        return Self.value(of: reply.assumingMemoryBound(to: redisReply.self).pointee)
    }

    private static func value(of reply: redisReply) -> RESPValue {
        switch reply.type {
        case REDIS_REPLY_STRING:
            .bytes(Array(UnsafeRawBufferPointer(start: reply.str, count: reply.len)))
        case REDIS_REPLY_ARRAY:
            .array((0..<reply.elements).map { value(of: reply.element[$0]!.pointee) })
        case REDIS_REPLY_INTEGER:
            .integer(reply.integer)
        case REDIS_REPLY_STATUS:
            .status(text(of: reply))
        case REDIS_REPLY_ERROR:
            .error(RedisServerError(message: text(of: reply)))
        default:
            .null
        }
    }

    private static func text(of reply: redisReply) -> String {
        String(decoding: UnsafeRawBufferPointer(start: reply.str, count: reply.len), as: UTF8.self)
    }

    private func violation() -> RedisClientError {
        // `errstr` is a C array, which Swift sees as a tuple.
        let text = withUnsafeBytes(of: reader.pointee.errstr) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        return RedisClientError(.protocolViolation, text, mayHaveRun: true)
    }
}
