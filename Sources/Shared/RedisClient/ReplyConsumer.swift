import NIOCore

/// What a connection tells its owner, always on the connection's event loop.
protocol ReplyConsumer: AnyObject, Sendable {
    /// The server has answered the greeting; commands may be written to `connection` from now on.
    func connected(_ connection: RedisConnection)
    /// Bytes came, whole replies or not.
    func bytesArrived()
    func received(_ reply: RESPValue)
    /// All bytes at hand were read: the moment to flush what the replies led to.
    func readComplete()
    /// The connection is of no use any more. Called once, only after `connected`.
    func disconnected(_ error: RedisClientError)
}
