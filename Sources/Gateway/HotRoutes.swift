import HTTPTypes
import Hummingbird
import InventoryStore
import NIOCore
import OrderRepository

/// The two hottest routes, `POST /api/tickets/purchase` and `GET /api/orders/{id}`, without a router around them: no
/// trie, no request context with its logger, no middleware boxes.
struct HotRoutes<Inventory: InventoryStore, Repository: OrderRepository>: Sendable {
    enum Route: Sendable {
        case purchase
        case order(OrderPath)

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
    let cors: CORSPolicy
    let security: SecurityHeaders
    let metrics: RequestMetrics
    let admission: ConcurrencyGate
    let limits: GatewayLimits

    /// Whether a request's `RequestHead.peer` is to be set.
    var needsPeer: Bool { purchases.limiter.needsAddress }

    /// - Parameter body: The whole body, within `limits.bodyBytes`.
    func answer(_ route: Route, _ head: RequestHead, body: ByteBuffer) -> Outcome {
        let start = NIODeadline.now()
        switch route {
        case .purchase:
            guard admission.enter() else {
                return .done(finished(overloaded(head), metrics.purchase, head, since: start))
            }
            do throws(Problem) {
                let intake = try purchases.begin(head, body: body)
                return .later {
                    let answer = await answered(head) { () async throws(Problem) in try await purchases.finish(intake) }
                    admission.leave()
                    return finished(answer, metrics.purchase, head, since: start)
                }
            } catch {
                admission.leave()
                return .done(finished(rendered(error, head), metrics.purchase, head, since: start))
            }
        case .order(let path):
            // Long polls have a limit of their own; while they wait they must not keep others out.
            let isHeld = path.query != nil
            guard isHeld || admission.enter() else {
                return .done(finished(overloaded(head), metrics.order, head, since: start))
            }
            return .later {
                let answer = await answered(head) { () async throws(Problem) in try await orders.respond(head, path) }
                if !isHeld { admission.leave() }
                return finished(answer, metrics.order, head, since: start)
            }
        }
    }

    /// The answer to a problem with a request that never got as far as `answer`.
    func answer(_ route: Route, _ head: RequestHead, problem: Problem) -> HTTPAnswer {
        let handles =
            switch route {
            case .purchase: metrics.purchase
            case .order: metrics.order
            }
        return finished(rendered(problem, head), handles, head, since: .now())
    }

    private func answered(
        _ head: RequestHead, _ work: () async throws(Problem) -> HTTPAnswer
    ) async -> HTTPAnswer {
        do throws(Problem) { return try await work() } catch { return rendered(error, head) }
    }

    private func finished(
        _ answer: HTTPAnswer, _ handles: RequestMetrics.Handles, _ head: RequestHead, since start: NIODeadline
    ) -> HTTPAnswer {
        handles.record(status: answer.status.code, nanoseconds: (NIODeadline.now() - start).nanoseconds)
        guard cors.isEnabled || head.requestID != nil else { return answer }
        var answer = answer
        // A problem has it already, and a request's own id is enough for all others.
        if let id = head.requestID, !answer.headers.contains(.requestID) {
            answer.headers.append(HTTPField(name: .requestID, value: id))
        }
        cors.apply(to: &answer.headers, origin: head.origin)
        return answer
    }

    private func overloaded(_ head: RequestHead) -> HTTPAnswer { rendered(.overloaded(limits), head) }

    private func rendered(_ problem: Problem, _ head: RequestHead) -> HTTPAnswer {
        problem.answer(requestID: head.requestID ?? RequestID().description)
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
