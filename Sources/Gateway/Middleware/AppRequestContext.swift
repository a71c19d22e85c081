import Hummingbird
import Logging
import NIOCore
import Observability
import Security
import Synchronization
import Ticketing

/// What travels with a request through the router.
struct AppRequestContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    /// Names the request in its answer and in the log. Hummingbird's own is read from the logger, and ends the process
    /// where the log handler keeps no metadata.
    var id = RequestID().description {
        didSet { nameInLog() }
    }
    /// Set by `BearerMiddleware`.
    var identity: Identity?
    /// Where the connection comes from; nil where there is none, in tests.
    let peer: SocketAddress?
    /// Why the request was refused, for whoever has made this context: a reference, as handlers get copies.
    let refusal = Refusal()

    final class Refusal: Sendable {
        private let stored = Mutex<ProblemCode?>(nil)

        var code: ProblemCode? { stored.withLock { $0 } }

        func note(_ code: ProblemCode) { stored.withLock { $0 = code } }
    }

    init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        peer = source.channel.remoteAddress
        nameInLog()
    }

    private mutating func nameInLog() {
        // Under our own name alone, as everywhere.
        logger[metadataKey: "hb.request.id"] = nil
        logger[metadataKey: LogKey.requestID] = .string(id)
    }
}

/// The context of handlers that need to know who asks: here the identity is never optional.
struct AuthenticatedContext: ChildRequestContext {
    var coreContext: CoreRequestContextStorage
    let identity: Identity
    let peer: SocketAddress?

    init(context: AppRequestContext) throws {
        guard let identity = context.identity else { throw BearerAuthentication.missing }
        coreContext = context.coreContext
        self.identity = identity
        peer = context.peer
    }
}

/// The context of handlers that only administrators may use.
struct AdminContext: ChildRequestContext {
    var coreContext: CoreRequestContextStorage
    let identity: Identity

    init(context: AuthenticatedContext) throws {
        guard context.identity.role == .admin else {
            throw Problem(.forbidden, "Only an administrator may do this.")
        }
        coreContext = context.coreContext
        identity = context.identity
    }
}
