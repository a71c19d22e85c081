import HTTPTypes
import Hummingbird

/// Every route by method and template: what labels metrics and what tells a wrong method (405) from a wrong path (404).
struct RouteTable: Sendable {
    struct Route: Hashable, Sendable {
        let method: HTTPRequest.Method
        /// As the router writes it: `/api/events/{id}`.
        let template: String

        init(_ method: HTTPRequest.Method, _ template: String) {
            self.method = method
            self.template = template
        }
    }

    static let logIn = Route(.post, "/api/auth/login")
    static let purchase = Route(.post, "/api/tickets/purchase")
    static let order = Route(.get, "/api/orders/{id}")

    /// The whole of the gateway's surface; a test compares it with what the router answers.
    static let standard = RouteTable(routes: [
        Route(.post, "/api/auth/register"), logIn, Route(.get, "/api/auth/me"),
        Route(.post, "/api/auth/refresh"), Route(.post, "/api/auth/logout"), Route(.post, "/api/auth/password"),
        Route(.get, "/api/auth/sessions"), Route(.delete, "/api/auth/sessions/{id}"),
        Route(.post, "/api/auth/password-reset"), Route(.post, "/api/auth/password-reset/confirm"),
        Route(.get, "/api/users"), Route(.get, "/api/users/{id}"), Route(.patch, "/api/users/{id}"),
        Route(.delete, "/api/users/{id}"), Route(.get, "/api/users/{id}/export"),
        Route(.get, "/api/events"), Route(.post, "/api/events"),
        Route(.get, "/api/events/{id}"), Route(.patch, "/api/events/{id}"), Route(.delete, "/api/events/{id}"),
        purchase, Route(.get, "/api/orders"), order, Route(.post, "/api/orders/recover"),
        Route(.post, "/api/orders/{id}/cancel"), Route(.post, "/api/orders/{id}/refund"),
        Route(.get, "/api/orders/{id}/tickets/print"),
        Route(.get, "/api/tickets"), Route(.get, "/api/tickets/{code}"), Route(.get, "/api/tickets/{code}/print"),
        Route(.get, "/api/tickets/{code}/qr.svg"), Route(.get, "/api/tickets/{code}/qr.png"),
        Route(.post, "/api/tickets/{code}/redeem"), Route(.post, "/api/tickets/{code}/transfer"),
        Route(.get, "/api/orders/{id}/mails"), Route(.post, "/api/orders/{id}/mails/resend"),
        Route(.post, "/api/admin/events/{id}/cancel"), Route(.post, "/api/webhooks/stripe"),
        Route(.post, "/api/admin/events/{id}/sale"), Route(.get, "/api/admin/events/{id}/ledger"),
        Route(.get, "/api/admin/events/{id}/orders"), Route(.get, "/api/admin/events/{id}/orders.csv"),
        Route(.get, "/api/admin/audit"),
        Route(.post, "/api/events/{id}/image"), Route(.post, "/api/events/{id}/image/complete"),
        Route(.get, "/healthz"), Route(.get, "/readyz"), Route(.get, "/metrics"),
        Route(.get, "/openapi.yaml"), Route(.get, "/docs"),
    ])

    let routes: [Route]
    private let segments: [[Substring]]

    init(routes: [Route]) {
        self.routes = routes
        self.segments = routes.map { $0.template.split(separator: "/") }
    }

    /// 405 when the path is one of ours with another method, else 404.
    func problem(for request: Request) -> Problem {
        let path = request.uri.path.split(separator: "/")
        let fitting = zip(routes, segments).filter { _, segments in
            segments.count == path.count && zip(segments, path).allSatisfy { $0.hasPrefix("{") || $0 == $1 }
        }
        // A path that is written out is not one with a parameter: /api/orders/recover is no order.
        let literal = fitting.filter { $1 == path }
        let methods = (literal.isEmpty ? fitting : literal).map(\.0.method.rawValue)
        guard !methods.isEmpty, !methods.contains(request.method.rawValue) else {
            return Problem(.notFound, "There is nothing at this path.")
        }
        var problem = Problem(.methodNotAllowed, "This path does not know the method \(request.method.rawValue).")
        problem.allow = methods.joined(separator: ", ")
        return problem
    }
}
