import HTTPTypes
import Hummingbird
import InventoryStore
import NIOCore
import OnsaleTracing
import OrderRepository
import Tracing

/// Answers every request: metrics, CORS and admission around the hot routes and the router.
///
/// On a plain HTTP/1.1 connection `HotPathHandler` takes the hot routes' usual requests before they get here.
struct GatewayResponder<Inventory: InventoryStore, Repository: OrderRepository>: HTTPResponder {
    typealias Context = AppRequestContext

    let hot: HotRoutes<Inventory, Repository>
    let router: RouterResponder<AppRequestContext>
    let cors: CORSPolicy
    let metrics: RequestMetrics
    let bodies: BodyIntake
    let admission: ConcurrencyGate
    let limits: GatewayLimits

    /// As Hummingbird's `Application` calls it; the tests use that.
    func respond(to request: Request, context: AppRequestContext) async throws -> Response {
        try await respond(to: request) { context }
    }

    /// - Parameter makeContext: Called for requests that go to the router.
    /// - Throws: Only what the connection throws while the body is read; every other error is an answer.
    func respond(to request: Request, makeContext: () -> AppRequestContext) async throws -> Response {
        if let route = HotRoutes<Inventory, Repository>.Route(
            method: request.method.rawValue, uri: request.head.path ?? "")
        {
            let peer = hot.needsPeer ? makeContext().peer : nil
            var response = try await answer(request, on: route, from: peer).response()
            hot.security.apply(to: &response.headers)
            return response
        }
        if var preflight = cors.preflight(request) {
            hot.security.apply(to: &preflight.headers)
            return preflight
        }
        let start = NIODeadline.now()
        var context = makeContext()
        if let id = RequestIdentifier.accepted(request.headers[.requestID]) { context.id = id }
        let named = context
        let span = hot.watch.tracer?.begin(request.method.rawValue, traceparent: request.headers[.traceparent])
        // Of a connection that broke; any other span has ended by then.
        defer { span?.end() }
        let answered: Response?
        if let span {
            // What is logged and called on the way knows the trace by it.
            answered = try await ServiceContext.withValue(span.context) { try await routed(request, named) }
        } else {
            answered = try await routed(request, named)
        }
        var response = answered ?? overloaded(context)
        hot.security.apply(to: &response.headers)
        if !response.headers.contains(.requestID) { response.headers[.requestID] = context.id }
        if cors.isEnabled { cors.apply(to: &response.headers, origin: request.headers[.origin]) }
        let time = NIODeadline.now() - start
        let handles = metrics.handles(method: request.method, template: context.endpointPath)
        handles.record(status: response.status.code, nanoseconds: time.nanoseconds)
        hot.watch.finish(
            RequestWatch.Exchange(
                method: request.method.rawValue, route: handles.template, status: response.status.code,
                requestID: context.id, code: context.refusal.code, time: time), span)
        return response
    }

    /// nil when there is too much to do.
    private func routed(_ request: Request, _ context: AppRequestContext) async throws -> Response? {
        try await bodies.run(request) { request in
            try await admission.run { try await router.respond(to: request, context: context) }
        }
    }

    private func overloaded(_ context: AppRequestContext) -> Response {
        let problem = Problem.overloaded(limits)
        metrics.problem(problem.code)
        context.refusal.note(problem.code)
        return problem.response(requestID: context.id)
    }

    private func answer(
        _ request: Request, on route: HotRoutes<Inventory, Repository>.Route, from peer: SocketAddress?
    ) async throws -> HTTPAnswer {
        var head = RequestHead(request.headers)
        head.peer = peer
        var body = ByteBuffer()
        if case .purchase = route {
            do {
                // Before the body: whoever is not signed in is told so, whatever they send.
                _ = try hot.purchases.authentication.identity(authorization: head.authorization)
                body = try await BodyReader.json(
                    request, contentType: head.contentType, contentLength: head.contentLength, limit: limits.bodyBytes)
            } catch let problem as Problem {
                return hot.answer(route, head, problem: problem)
            }
        }
        switch hot.answer(route, head, body: body) {
        case .done(let answer): return answer
        case .later(let work): return await work()
        }
    }
}
