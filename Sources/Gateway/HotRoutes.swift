import HTTPTypes
import Hummingbird
import InventoryStore
import NIOCore
import OnsaleTracing
import OrderRepository
import Security

/// The two hottest routes, `POST /api/tickets/purchase` and `GET /api/orders/{id}`, without a router around them: no
/// trie, no request context with its logger, no middleware boxes. And the refusal of log-ins that find no room.
struct HotRoutes<Inventory: InventoryStore, Repository: OrderRepository>: Sendable {
    enum Route: Sendable {
        case purchase
        case order(OrderPath)
        /// A log-in for which there is no room, on a connection that can do without the router: of 200 a second 195 are
        /// refused, and through the router each takes about 0.2 ms of a core.
        case refusedLogIn

        init?(method: String, uri: String) {
            if method == "POST", uri == "/api/tickets/purchase" {
                self = .purchase
            } else if method == "GET", let path = OrderPath(uri) {
                self = .order(path)
            } else {
                return nil
            }
        }
    }

    enum Outcome: Sendable {
        /// Known at once, for example a refusal.
        case done(HTTPAnswer)
        /// Known after a store was asked.
        case later(@Sendable () async -> HTTPAnswer)
    }

    let purchases: PurchaseHandler<Inventory, Repository>
    let orders: OrderHandler<Inventory, Repository>
    let readiness: Readiness<Inventory, Repository>
    let cors: CORSPolicy
    let security: SecurityHeaders
    let metrics: RequestMetrics
    let watch: RequestWatch
    let admission: ConcurrencyGate
    let limits: GatewayLimits
    let hasher: PasswordHasher

    /// The route of a request that is answered here although it is the router's in general: judged when its head is
    /// there. Its body is not kept.
    func refusal(method: String, uri: String) -> Route? {
        method == "POST" && uri == RouteTable.logIn.template && hasher.isFull ? .refusedLogIn : nil
    }

    /// Whether a request's `RequestHead.peer` is to be set.
    var needsPeer: Bool { purchases.limiter.needsAddress }

    /// - Parameter body: The whole body, within `limits.bodyBytes`.
    func answer(_ route: Route, _ head: RequestHead, body: ByteBuffer) -> Outcome {
        let request = begun(route, head)
        switch route {
        case .purchase:
            guard admission.enter() else {
                let problem = Problem.overloaded(limits)
                purchases.refused(problem)
                return .done(finished(rendered(problem, head), request))
            }
            do throws(Problem) {
                let intake = try purchases.begin(head, body: body, span: request.span)
                return .later {
                    let answer = await answered(head) { () async throws(Problem) in try await purchases.finish(intake) }
                    admission.leave()
                    return finished(answer, request)
                }
            } catch {
                admission.leave()
                return .done(finished(rendered(error, head), request))
            }
        case .order(let path):
            // Long polls have a limit of their own; while they wait they must not keep others out.
            let isHeld = path.query != nil
            guard isHeld || admission.enter() else {
                return .done(finished(rendered(.overloaded(limits), head), request))
            }
            return .later {
                let answer = await answered(head) { () async throws(Problem) in try await orders.respond(head, path) }
                if !isHeld { admission.leave() }
                return finished(answer, request)
            }
        case .refusedLogIn: return .done(finished(rendered(.tooManyLogIns, head), request))
        }
    }

    /// The answer to a problem with a request that never got as far as `answer`.
    func answer(_ route: Route, _ head: RequestHead, problem: Problem) -> HTTPAnswer {
        if case .purchase = route { purchases.refused(problem) }
        return finished(rendered(problem, head), begun(route, head))
    }

    /// A request that is being answered.
    private struct Begun: Sendable {
        let route: RouteTable.Route
        let handles: RequestMetrics.Handles
        let head: RequestHead
        let span: RecordedSpan?
        /// The client has a trace of its own, and so has decided whether this is recorded.
        var isClients = false
        let start: NIODeadline
    }

    private func begun(_ route: Route, _ head: RequestHead) -> Begun {
        let start = NIODeadline.now()
        switch route {
        case .purchase:
            let span = watch.tracer?.begin(RouteTable.purchase.template, traceparent: head.traceparent)
            return Begun(route: RouteTable.purchase, handles: metrics.purchase, head: head, span: span, start: start)
        case .order:
            // A poll begins no trace of its own: it belongs to its order's, which is known when it is answered.
            let isClients = head.traceparent.flatMap { TraceContext(traceparent: $0) } != nil
            let span =
                isClients ? watch.tracer?.begin(RouteTable.order.template, traceparent: head.traceparent) : nil
            return Begun(
                route: RouteTable.order, handles: metrics.order, head: head, span: span, isClients: isClients,
                start: start)
        case .refusedLogIn:
            let span = watch.tracer?.begin(RouteTable.logIn.template, traceparent: head.traceparent)
            return Begun(route: RouteTable.logIn, handles: metrics.logIn, head: head, span: span, start: start)
        }
    }

    private func answered(
        _ head: RequestHead, _ work: () async throws(Problem) -> HTTPAnswer
    ) async -> HTTPAnswer {
        do throws(Problem) { return try await work() } catch { return rendered(error, head) }
    }

    private func finished(_ answer: HTTPAnswer, _ request: Begun) -> HTTPAnswer {
        let (head, time) = (request.head, NIODeadline.now() - request.start)
        request.handles.record(status: answer.status.code, nanoseconds: time.nanoseconds)
        if let code = answer.code { metrics.problem(code) }
        let isWatched = request.span != nil || answer.trace != nil || watch.logsRequests
        guard cors.isEnabled || head.requestID != nil || isWatched else { return answer }
        var answer = answer
        // A problem has it already, and a request's own id is enough for all others.
        if let id = head.requestID ?? (watch.logsRequests ? RequestID().description : nil),
            !answer.headers.contains(.requestID)
        {
            answer.headers.append(HTTPField(name: .requestID, value: id))
        }
        if isWatched { finish(answer, request, time) }
        cors.apply(to: &answer.headers, origin: head.origin)
        return answer
    }

    private func finish(_ answer: HTTPAnswer, _ request: Begun, _ time: TimeAmount) {
        let span = request.span ?? (request.isClients ? nil : answer.trace.flatMap { watch.poll(of: $0, since: time) })
        if let trace = answer.trace.flatMap({ TraceContext(traceparent: $0) }), request.span != nil {
            // The client's trace may be another than the order's.
            span?.link(to: trace)
        }
        watch.finish(
            RequestWatch.Exchange(
                method: request.route.method.rawValue, route: request.route.template, status: answer.status.code,
                requestID: answer.headers[.requestID], order: answer.order, code: answer.code, time: time), span)
    }

    private func rendered(_ problem: Problem, _ head: RequestHead) -> HTTPAnswer {
        problem.answer(requestID: head.requestID ?? problem.requestID ?? RequestID().description)
    }
}

extension Problem {
    /// The gateway has as much to do as it may have.
    static func overloaded(_ limits: GatewayLimits) -> Problem {
        Problem(
            .overloaded, "Too many requests are being answered. Try again in a moment.",
            retryAfter: limits.overloadedRetryAfter)
    }
}
