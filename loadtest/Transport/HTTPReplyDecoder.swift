import NIOCore

/// Takes bytes as they arrive and gives back whole HTTP/1.1 responses.
///
/// Only what this service sends is understood: `Content-Length` or chunked bodies, no trailers of interest. The head is
/// scanned in place without building a header table, which is what makes the generator cheaper than the servers it
/// measures.
struct HTTPReplyDecoder {
    /// A head or body above this is refused, so that a broken server cannot fill the generator's memory.
    static let maximumSize = 4 << 20

    private var pending: ByteBuffer?

    mutating func feed(_ bytes: ByteBuffer) {
        guard pending != nil else {
            pending = bytes
            return
        }
        pending?.writeImmutableBuffer(bytes)
    }

    /// The next whole response to a request with a body in its answer; nil until it has arrived entirely.
    mutating func next() throws(LoadTestError) -> HTTPReply? {
        guard var rest = pending else { return nil }
        guard rest.readableBytes <= Self.maximumSize else {
            throw LoadTestError(.malformedReply, "more than \(Self.maximumSize) bytes")
        }
        guard let head = try rest.withUnsafeReadableBytes({ bytes throws(LoadTestError) in try Head(bytes) }) else {
            return nil
        }
        var reply = HTTPReply(
            status: head.status, etag: head.etag, retryAfter: head.retryAfter, closesConnection: head.closes)
        rest.moveReaderIndex(forwardBy: head.length)
        switch head.framing {
        case .empty: break
        case .length(let length):
            guard let body = rest.readSlice(length: length) else { return nil }
            reply.body = body
        case .chunked:
            guard let body = try Self.chunks(&rest) else { return nil }
            reply.body = body
        }
        pending = rest.readableBytes == 0 ? nil : rest
        // An interim answer (100 Continue) is not the response.
        return head.status < 200 ? try next() : reply
    }

    /// Joins a chunked body (RFC 9112 §7.1); nil until the last chunk is there.
    private static func chunks(_ buffer: inout ByteBuffer) throws(LoadTestError) -> ByteBuffer? {
        var body = ByteBuffer()
        while true {
            guard let line = readLine(&buffer) else { return nil }
            guard let size = Int(line.prefix(while: \.isHexDigit), radix: 16) else {
                throw LoadTestError(.malformedReply, "chunk size \(line)")
            }
            if size == 0 {
                while let trailer = readLine(&buffer) { if trailer.isEmpty { return body } }
                return nil
            }
            guard var chunk = buffer.readSlice(length: size), buffer.readSlice(length: 2) != nil else { return nil }
            body.writeBuffer(&chunk)
        }
    }

    private static func readLine(_ buffer: inout ByteBuffer) -> String? {
        guard let end = buffer.readableBytesView.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
        let line = buffer.readString(length: end - buffer.readerIndex)
        buffer.moveReaderIndex(forwardBy: 1)
        return line.map { $0.hasSuffix("\r") ? String($0.dropLast()) : $0 }
    }
}
