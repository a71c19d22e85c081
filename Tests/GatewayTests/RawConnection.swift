import Foundation
import NIOCore
import NIOPosix

/// A connection on which a test writes bytes as it likes and reads what comes back.
enum RawConnection {
    /// Connects, lends the connection to `body` and closes it. What `body` does not ask for is not read for long.
    /// - Parameter receiveBuffer: Bytes that the kernel may keep of what was not read; nil for as many as it likes.
    static func with<Value: Sendable>(
        port: Int, receiveBuffer: Int? = nil, _ body: @Sendable (inout Stream) async throws -> Value
    ) async throws -> Value {
        var bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        if let receiveBuffer {
            bootstrap = bootstrap.channelOption(.socketOption(.so_rcvbuf), value: .init(receiveBuffer))
        }
        let channel =
            try await bootstrap
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(
                        wrappingChannelSynchronously: channel,
                        configuration: .init(isOutboundHalfClosureEnabled: true))
                }
            }
        return try await channel.executeThenClose { inbound, outbound in
            var stream = Stream(inbound: inbound.makeAsyncIterator(), outbound: outbound)
            return try await body(&stream)
        }
    }

    /// The two directions of a connection.
    struct Stream {
        private var inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
        private let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
        private var text = ""

        fileprivate init(
            inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator,
            outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
        ) {
            self.inbound = inbound
            self.outbound = outbound
        }

        func send(_ text: String) async throws { try await outbound.write(ByteBuffer(string: text)) }

        /// Says that nothing more will be sent.
        func finish() { outbound.finish() }

        /// The next message, by its `Content-Length`; nil when the connection was closed.
        mutating func receive() async throws -> Message? {
            while true {
                if let end = text.range(of: "\r\n\r\n") {
                    let head = text[..<end.lowerBound].components(separatedBy: "\r\n")
                    var fields: [String: String] = [:]
                    for line in head.dropFirst() {
                        guard let colon = line.firstIndex(of: ":") else { continue }
                        fields[line[..<colon].lowercased()] =
                            line[line.index(after: colon)...].drop { $0 == " " }
                            .description
                    }
                    let length = fields["content-length"].flatMap { Int($0) } ?? 0
                    let rest = text[end.upperBound...]
                    if rest.utf8.count >= length {
                        let body = String(decoding: rest.utf8.prefix(length), as: UTF8.self)
                        text = String(decoding: rest.utf8.dropFirst(length), as: UTF8.self)
                        return Message(line: head[0], fields: fields, body: body)
                    }
                }
                guard let more = try await inbound.next() else { return nil }
                text += String(buffer: more)
            }
        }
    }

    struct Message: Hashable, Sendable {
        let line: String
        /// By name in lower case.
        let fields: [String: String]
        let body: String
    }
}
