import NIOCore
import NIOHPACK
import NIOHTTP2

/// Carries one exchange of HTTP/1.1 over a stream of HTTP/2: a request's bytes become frames, the answer's frames
/// become bytes. The rest of the generator knows one protocol only.
final class HTTP2Translator: ChannelDuplexHandler {
    typealias InboundIn = HTTP2Frame.FramePayload
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = HTTP2Frame.FramePayload

    /// Headers that belong to a connection, not to a message (RFC 9113 §8.2.2).
    private static let ofConnection: Set<String> = ["connection", "host", "transfer-encoding", "keep-alive", "upgrade"]

    private let scheme: String
    private var head: HPACKHeaders?
    private var body: ByteBuffer

    init(scheme: String, allocator: ByteBufferAllocator) {
        self.scheme = scheme
        self.body = allocator.buffer(capacity: 0)
    }

    /// Takes a whole request, as the generator writes it.
    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        var bytes = unwrapOutboundIn(data)
        guard let headers = Self.headers(&bytes, scheme: scheme) else {
            promise?.fail(LoadTestError(.invalidOption, "a request that is none"))
            return context.close(promise: nil)
        }
        let hasBody = bytes.readableBytes > 0
        let frame = HTTP2Frame.FramePayload.Headers(headers: headers, endStream: !hasBody)
        context.write(wrapOutboundOut(.headers(frame)), promise: hasBody ? nil : promise)
        guard hasBody else { return }
        let content = HTTP2Frame.FramePayload.Data(data: .byteBuffer(bytes), endStream: true)
        context.write(wrapOutboundOut(.data(content)), promise: promise)
    }

    /// Closes in the next turn of the loop: a stream that is closed in the middle of the frame that ends it is reset, and
    /// servers take hundreds of resets for an attack (CVE-2023-44487) and end the connection with all its streams.
    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        context.eventLoop.assumeIsolated().execute { context.close(mode: mode, promise: promise) }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .headers(let frame):
            // Interim answers come before the one that counts, trailers after it.
            if head == nil, frame.headers.first(name: ":status")?.hasPrefix("1") == false { head = frame.headers }
            if frame.endStream { finish(context) }
        case .data(let frame):
            if case .byteBuffer(var bytes) = frame.data { body.writeBuffer(&bytes) }
            if body.readableBytes > HTTPReplyDecoder.maximumSize { return context.close(promise: nil) }
            if frame.endStream { finish(context) }
        default: break
        }
    }

    private func finish(_ context: ChannelHandlerContext) {
        guard let head else { return context.close(promise: nil) }
        var bytes = context.channel.allocator.buffer(capacity: 256 + body.readableBytes)
        bytes.writeString("HTTP/1.1 \(head.first(name: ":status") ?? "") \r\n")
        for header in head where !header.name.hasPrefix(":") && header.name != "content-length" {
            bytes.writeString("\(header.name): \(header.value)\r\n")
        }
        bytes.writeString("content-length: \(body.readableBytes)\r\n\r\n")
        bytes.writeBuffer(&body)
        context.fireChannelRead(wrapInboundOut(bytes))
    }

    /// Reads the head of a request and leaves its body; nil when it is no request.
    static func headers(_ bytes: inout ByteBuffer, scheme: String) -> HPACKHeaders? {
        guard let line = readLine(&bytes) else { return nil }
        let words = line.split(separator: " ")
        guard words.count == 3 else { return nil }
        var headers = HPACKHeaders([
            (":method", String(words[0])), (":scheme", scheme), (":path", String(words[1])),
        ])
        var authority = ""
        while let line = readLine(&bytes) {
            if line.isEmpty {
                headers.replaceOrAdd(name: ":authority", value: authority)
                return ordered(headers)
            }
            guard let colon = line.firstIndex(of: ":") else { return nil }
            let name = line[..<colon].lowercased()
            let value = String(line[line.index(after: colon)...].trimmingPrefix { $0 == " " })
            if name == "host" { authority = value }
            if !ofConnection.contains(name) { headers.add(name: name, value: value) }
        }
        return nil
    }

    /// Pseudo-headers come before all others (RFC 9113 §8.3).
    private static func ordered(_ headers: HPACKHeaders) -> HPACKHeaders {
        let pseudo = headers.filter { $0.name.hasPrefix(":") }
        let others = headers.filter { !$0.name.hasPrefix(":") }
        return HPACKHeaders((pseudo + others).map { ($0.name, $0.value) })
    }

    private static func readLine(_ bytes: inout ByteBuffer) -> String? {
        guard let end = bytes.readableBytesView.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
        let line = bytes.readString(length: end - bytes.readerIndex) ?? ""
        bytes.moveReaderIndex(forwardBy: 1)
        // A carriage return and a line feed are one character in Swift, but the feed is not in the line.
        return line.hasSuffix("\r") ? String(line.dropLast()) : line
    }
}
