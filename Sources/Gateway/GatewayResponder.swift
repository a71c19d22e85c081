import HTTPTypes
import Hummingbird
import InventoryStore
import Logging
import NIOCore
import NIOHTTP1
import Observability
import OrderRepository

/// Answers every request: metrics, CORS and admission around the two hottest routes and the router.
///
/// The two hottest routes do not go through the router: no trie, no request context with its logger, no middleware
/// boxes.
struct GatewayResponder<Inventory: InventoryStore, Repository: OrderRepository>: HTTPResponder {
    typealias Context = AppRequestContext

    let purchases: PurchaseHandler<Inventory, Repository>
    let orders: OrderHandler<Inventory, Repository>
    let router: RouterResponder<AppRequestContext>
    let cors: CORSPolicy
    let metrics: RequestMetrics
    let admission: ConcurrencyGate
    let limits: GatewayLimits
    let logger: Logger

    /// As Hummingbird's `Application` calls it; the tests use that.
    func respond(to request: Request, context: AppRequestContext) async throws -> Response {
        try await respond(to: request) { context }
    }

    /// - Parameter makeContext: Called for requests that go to the router.
    /// - Throws: Only what the connection throws while the body is read; every other error is an answer.
    func respond(to request: Request, makeContext: () -> AppRequestContext) async throws -> Response {
        let start = NIODeadline.now()
        var handles = metrics.purchase
        var response: Response
        let path = request.head.path ?? ""
        if request.method == .post, path == "/api/tickets/purchase" {
            response = try await admitted { try await purchases.respond(to: request) }
        } else if request.method == .get, let id = Self.orderID(inPath: path) {
            handles = metrics.order
            // Long polls have a limit of their own; while they wait they must not keep others out.
            response = try await admitted(isHeld: request.uri.query != nil) {
                try await orders.respond(to: request, id: id)
            }
        } else if let preflight = cors.preflight(request) {
            return preflight
        } else {
            let context = makeContext()
            response = try await admitted { try await router.respond(to: request, context: context) }
            handles = metrics.handles(method: request.method, template: context.endpointPath)
        }
        if cors.isEnabled { cors.apply(to: &response, origin: request.headers[.origin]) }
        handles.record(
            status: response.status.code, nanoseconds: (NIODeadline.now() - start).nanoseconds)
        return response
    }

    private func admitted(isHeld: Bool = false, _ work: () async throws -> Response) async throws -> Response {
        let problem: Problem
        do {
            if isHeld { return try await work() }
            if let response = try await admission.run(work) { return response }
            problem = Problem(
                .overloaded, "Too many requests are being answered. Try again in a moment.",
                retryAfter: limits.overloadedRetryAfter)
        } catch let error as Problem {
            problem = error
        } catch let error as HTTPParserError {
            throw error
        } catch {
            problem = Problem(unexpected: error, logger: logger)
        }
        return problem.response(requestID: RequestID().description)
    }

    /// The 36 characters after `/api/orders/`; nil for other paths, which the router answers.
    private static func orderID(inPath path: String) -> Substring? {
        guard path.hasPrefix("/api/orders/") else { return nil }
        let id = path.dropFirst(12).prefix { $0 != "?" }
        return id.utf8.contains(UInt8(ascii: "/")) || id.isEmpty ? nil : id
    }
}
