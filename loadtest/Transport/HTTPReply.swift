import NIOCore

/// The parts of an HTTP response that the load generator looks at.
struct HTTPReply {
    var status: Int
    var etag: String?
    /// `Retry-After` in whole seconds; a date in its place is ignored, the service sends seconds.
    var retryAfter: Int?
    /// The server closes the connection after this response.
    var closesConnection = false
    var body = ByteBuffer()
}
