import NIOCore
import Testing

@testable import LoadTest

@Suite("HTTP responses")
struct HTTPReplyDecoderTests {
    static let accepted = """
        HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\nETag: "1"\r\nretry-after:  2 \r
        Content-Length: 15\r\n\r\n{"orderId":"x"}
        """

    @Test("A response is the same however the network cuts it")
    func everyCut() throws {
        let bytes = ByteBuffer(string: Self.accepted)
        for cut in 0...bytes.readableBytes {
            var decoder = HTTPReplyDecoder()
            var rest = bytes
            let first = rest.readSlice(length: cut)
            decoder.feed(try #require(first))
            if cut < bytes.readableBytes { #expect(try decoder.next() == nil) }
            decoder.feed(rest)
            let reply = try #require(try decoder.next())
            #expect(reply.status == 202 && reply.etag == "\"1\"" && reply.retryAfter == 2)
            #expect(String(buffer: reply.body) == #"{"orderId":"x"}"#)
            #expect(!reply.closesConnection)
            #expect(try decoder.next() == nil)
        }
    }

    @Test("Chunks are joined, whatever their sizes, extensions and trailers")
    func chunked() throws {
        let text =
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4;x=y\r\nabcd\r\nA\r\n0123456789\r\n0\r\nT: 1\r\n\r\n"
        let bytes = ByteBuffer(string: text)
        for cut in 1..<bytes.readableBytes {
            var decoder = HTTPReplyDecoder()
            var rest = bytes
            let first = rest.readSlice(length: cut)
            decoder.feed(try #require(first))
            #expect(try decoder.next() == nil)
            decoder.feed(rest)
            #expect(String(buffer: try #require(try decoder.next()).body) == "abcd0123456789")
        }
    }

    @Test("304 and 204 have no body, an interim answer is passed over, and two responses are told apart")
    func bodiless() throws {
        var decoder = HTTPReplyDecoder()
        decoder.feed(ByteBuffer(string: "HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\netag: \"7\"\r\n\r\n"))
        decoder.feed(
            ByteBuffer(string: "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"))
        let first = try #require(try decoder.next())
        #expect(first.status == 304 && first.etag == "\"7\"" && first.body.readableBytes == 0)
        let second = try #require(try decoder.next())
        #expect(second.status == 204 && second.closesConnection)
    }

    @Test("What is not HTTP is refused", arguments: ["SSH-2.0-OpenSSH_9\r\n", "HTTP/1.1 abc OK\r\n\r\n", "\r\n"])
    func garbage(text: String) {
        var decoder = HTTPReplyDecoder()
        decoder.feed(ByteBuffer(string: text))
        #expect(throws: LoadTestError.self) { try decoder.next() }
    }
}
