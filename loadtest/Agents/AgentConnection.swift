import Foundation
import NIOCore

/// One side of a connection between `loadtest run` and an agent: messages out, messages in the order they come.
struct AgentConnection: Sendable {
    /// What a frame holds, by its first byte.
    enum Frame: Sendable {
        case message(Data)
        case chapter([UInt8])
    }

    private static let message = UInt8(ascii: "J")
    private static let chapter = UInt8(ascii: "H")

    private let channel: any Channel
    private let frames: AsyncThrowingStream<ByteBuffer, any Error>

    /// Takes a channel over; on its event loop, before anything is read.
    init(takingOver channel: any Channel) throws {
        let (frames, continuation) = AsyncThrowingStream.makeStream(of: ByteBuffer.self)
        try channel.pipeline.syncOperations.addHandlers([
            ByteToMessageHandler(FrameCodec()), MessageToByteHandler(FrameCodec()), FrameSink(continuation),
        ])
        self.channel = channel
        self.frames = frames
    }

    func send(_ message: some Encodable) async throws {
        try await send(Self.message, [UInt8](try JSONEncoder().encode(message)))
    }

    func send(_ chapter: HistoryChapter) async throws {
        var writer = ByteWriter()
        ChapterCodec.write(chapter, to: &writer)
        try await send(Self.chapter, writer.bytes)
    }

    /// nil when the other side has gone. To be called by one task at a time.
    func next() async throws -> Frame? {
        var iterator = frames.makeAsyncIterator()
        guard var frame = try await iterator.next() else { return nil }
        switch frame.readInteger(as: UInt8.self) {
        case Self.message: return .message(Data(frame.readableBytesView))
        case Self.chapter: return .chapter(Array(frame.readableBytesView))
        default: throw LoadTestError(.agent, "a frame of no known kind")
        }
    }

    func close() async throws {
        try await channel.close().get()
    }

    /// Closes the connection after a time unless that is cancelled before; who waits for a frame is told that there is
    /// none.
    func giveUp(after time: TimeAmount) -> Scheduled<Void> {
        channel.eventLoop.scheduleTask(in: time) { [channel] in channel.close(promise: nil) }
    }

    static func decode<Message: Decodable>(_ type: Message.Type, _ data: Data) throws -> Message {
        do {
            return try JSONDecoder().decode(type, from: data)
        } catch {
            throw LoadTestError(.agent, "a message that cannot be read", underlying: error)
        }
    }

    private func send(_ kind: UInt8, _ bytes: [UInt8]) async throws {
        var frame = channel.allocator.buffer(capacity: bytes.count + 1)
        frame.writeInteger(kind)
        frame.writeBytes(bytes)
        try await channel.writeAndFlush(frame)
    }

    /// Hands frames to whoever reads them.
    private final class FrameSink: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        private let continuation: AsyncThrowingStream<ByteBuffer, any Error>.Continuation

        init(_ continuation: AsyncThrowingStream<ByteBuffer, any Error>.Continuation) {
            self.continuation = continuation
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) { continuation.yield(unwrapInboundIn(data)) }

        func channelInactive(context: ChannelHandlerContext) { continuation.finish() }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            continuation.finish(throwing: error)
            context.close(promise: nil)
        }
    }
}
