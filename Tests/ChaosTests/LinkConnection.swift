import NIOCore
import NIOPosix

/// One connection through a link: a client's half and a server's half, and what is on its way between them. Lives on the
/// link's event loop.
final class LinkConnection {
    enum Side { case client, server }

    /// What is on its way to one side. Bounded by what the tests send while a link is slow.
    private struct Way {
        var queue = CircularBuffer<(bytes: ByteBuffer, due: NIODeadline)>()
        /// The other side has sent all it had.
        var ends = false
    }

    let link: LinkState
    private let client: any Channel
    private var server: (any Channel)?
    private var toClient = Way()
    private var toServer = Way()
    private var hasSwallowed = false
    /// How many bytes of a reply come through before the connection is closed; nil: all.
    var bytesUntilCut: Int?

    init(link: LinkState, client: any Channel) {
        self.link = link
        self.client = client
    }

    func connected(to channel: any Channel) {
        server = channel
        guard client.isActive else { return reset() }
        drain(to: .server)
    }

    func received(_ bytes: ByteBuffer, from side: Side) {
        guard link.disturbance != .blackHole else { return swallow() }
        var due = NIODeadline.now()
        if case .delay(let time) = link.disturbance { due = due + time }
        var bytes = bytes
        if side == .server, let left = bytesUntilCut {
            bytes = bytes.getSlice(at: bytes.readerIndex, length: min(left, bytes.readableBytes)) ?? bytes
            bytesUntilCut = left - bytes.readableBytes
        }
        withWay(to: side.other) { $0.queue.append((bytes, max(due, $0.queue.last?.due ?? due))) }
        if bytesUntilCut == 0 {
            bytesUntilCut = nil
            withWay(to: .client) { $0.ends = true }
            server?.close(promise: nil)
        }
        drain(to: side.other)
    }

    func ended(_ side: Side) {
        guard link.disturbance != .blackHole else { return swallow() }
        withWay(to: side.other) { $0.ends = true }
        drain(to: side.other)
    }

    func swallow() { hasSwallowed = true }

    func heal() {
        bytesUntilCut = nil
        if hasSwallowed { reset() }
    }

    /// Ends both halves at once, with a TCP reset.
    func reset() {
        link.remove(self)
        for channel in [client, server].compactMap(\.self) where channel.isActive {
            let lingerless = linger(l_onoff: 1, l_linger: 0)
            // Without it the peer is told of an orderly end, which is a milder fault than the one meant.
            (channel as? any SocketOptionProvider)?.setSoLinger(lingerless).whenComplete { _ in
                channel.close(promise: nil)
            }
        }
    }

    /// Sends what is due, in order, and passes on the end once nothing is left.
    private func drain(to side: Side) {
        guard let channel = side == .client ? client : server else { return }
        var due: [ByteBuffer] = []
        var next: NIODeadline?
        var ends = false
        withWay(to: side) { way in
            while let first = way.queue.first, first.due <= .now() { due.append(way.queue.removeFirst().bytes) }
            next = way.queue.first?.due
            ends = way.ends && next == nil
        }
        // A write may find the connection broken, and come back here by its end.
        for bytes in due { channel.write(bytes, promise: nil) }
        channel.flush()
        if let next {
            link.loop.assumeIsolated().scheduleTask(deadline: next) { self.drain(to: side) }
        } else if ends {
            link.remove(self)
            channel.writeAndFlush(ByteBuffer()).assumeIsolated().whenComplete { _ in channel.close(promise: nil) }
        }
    }

    private func withWay(to side: Side, _ body: (inout Way) -> Void) {
        switch side {
        case .client: body(&toClient)
        case .server: body(&toServer)
        }
    }
}

extension LinkConnection.Side {
    var other: LinkConnection.Side { self == .client ? .server : .client }
}

/// Hands what one half of a connection receives to the connection.
final class LinkHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let connection: LinkConnection
    private let side: LinkConnection.Side

    init(_ connection: LinkConnection, side: LinkConnection.Side) {
        self.connection = connection
        self.side = side
    }

    func channelActive(context: ChannelHandlerContext) {
        if side == .client { connection.link.opened(connection) }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        connection.received(unwrapInboundIn(data), from: side)
    }

    func channelInactive(context: ChannelHandlerContext) { connection.ended(side) }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // A reset by the peer: `channelInactive` follows and says that it is gone.
        context.close(promise: nil)
    }
}
