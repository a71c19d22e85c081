import CoreMetrics
import HTTPTypes

/// Counters and latency histograms of all routes, made once: a request looks up a handle and adds to it.
struct RequestMetrics: Sendable {
    /// The handles of one route.
    struct Handles: Sendable {
        /// By the status' first digit, 1xx to 5xx.
        fileprivate let byClass: [Counter]
        fileprivate let duration: Timer
        /// The route's template, or `unmatched`.
        let template: String

        fileprivate init(route: RouteTable.Route?, factory: any MetricsFactory, otherwise: String = "unmatched") {
            let method = route?.method.rawValue ?? "other"
            let template = route?.template ?? otherwise
            self.template = template
            byClass = (1...5).map { digit in
                Counter(
                    label: "onsale_http_requests",
                    dimensions: [("method", method), ("route", template), ("status", "\(digit)xx")], factory: factory)
            }
            duration = Timer(
                label: "onsale_http_request_duration", dimensions: [("method", method), ("route", template)],
                factory: factory)
        }

        func record(status: Int, nanoseconds: Int64) {
            byClass[min(max(status / 100, 1), 5) - 1].increment()
            duration.recordNanoseconds(nanoseconds)
        }
    }

    let purchase: Handles
    let order: Handles
    let logIn: Handles
    private let byRoute: [RouteTable.Route: Handles]
    private let unmatched: Handles
    private let webApp: Handles
    private let problems: [ProblemCode: Counter]

    init(routes: RouteTable, factory: any MetricsFactory) {
        let byRoute = Dictionary(
            uniqueKeysWithValues: routes.routes.map { ($0, Handles(route: $0, factory: factory)) })
        unmatched = Handles(route: nil, factory: factory)
        webApp = Handles(route: nil, factory: factory, otherwise: WebApp.template)
        purchase = byRoute[RouteTable.purchase] ?? unmatched
        order = byRoute[RouteTable.order] ?? unmatched
        logIn = byRoute[RouteTable.logIn] ?? unmatched
        self.byRoute = byRoute
        problems = Dictionary(
            uniqueKeysWithValues: ProblemCode.allCases.map {
                ($0, Counter(label: "onsale_http_problems", dimensions: [("code", $0.rawValue)], factory: factory))
            })
    }

    func problem(_ code: ProblemCode) { problems[code]?.increment() }

    /// - Parameter template: The router's endpoint path, nil when no route matched.
    func handles(method: HTTPRequest.Method, template: String?) -> Handles {
        if template == WebApp.template { return webApp }
        return template.flatMap { byRoute[RouteTable.Route(method, $0)] } ?? unmatched
    }
}
