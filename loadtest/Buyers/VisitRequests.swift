import NIOCore
import Ticketing

/// Writes the requests of visits in the words of a target. A class, as copying so many strings and templates for each
/// request costs more than writing it.
final class VisitRequests {
    private let purchase: RequestTemplate
    private let status: RequestTemplate
    private let recover: RequestTemplate?
    private let logIn: RequestTemplate?
    /// By journey; none for those that do not browse.
    private let pages: [[RequestTemplate]]
    private let event: String
    private let wait: String
    private let password: String

    /// Asks polls to be held for `wait` seconds.
    init(
        _ target: Target, journeys: [Journey], event: EventID?, authority: String, wait: Int, password: String
    ) {
        self.purchase = RequestTemplate(target.purchase, authority: authority)
        self.status = RequestTemplate(target.status, authority: authority)
        self.recover = target.recover.map { RequestTemplate($0, authority: authority) }
        self.logIn = target.logIn.map { RequestTemplate($0, authority: authority) }
        self.pages = journeys.map { journey in
            guard case .browse(let paths) = journey.kind else { return [] }
            return paths.map { RequestTemplate(Target.Route(method: "GET", path: $0), authority: authority) }
        }
        self.event = event?.description ?? target.event ?? ""
        self.wait = String(wait)
        self.password = password
    }

    func purchase(_ purchase: Purchase, _ buyer: Buyer) -> ByteBuffer {
        self.purchase.bytes { variable in
            switch variable {
            case .token: buyer.token
            case .buyer: String(purchase.buyer)
            case .email: buyer.email
            case .password: password
            case .key: purchase.key.text
            case .quantity: String(purchase.quantity)
            case .paymentMethod: purchase.paymentMethod
            case .event: event
            case .order, .receipt, .wait: ""
            }
        }
    }

    func poll(_ order: String, token: String, etag: String?) -> ByteBuffer {
        status.bytes(etag: etag) { variable in
            switch variable {
            case .token: token
            case .order: order
            case .wait: wait
            case .event: event
            default: ""
            }
        }
    }

    /// nil when the target knows no way to put an order back.
    func recover(_ receipt: String, token: String) -> ByteBuffer? {
        recover?.bytes { $0 == .token ? token : $0 == .receipt ? receipt : "" }
    }

    /// nil when the target knows no log-in.
    func logIn(_ buyer: Buyer) -> ByteBuffer? {
        logIn?.bytes { $0 == .email ? buyer.email : $0 == .password ? password : "" }
    }

    func page(_ step: Int, journey: Int) -> ByteBuffer? {
        guard pages.indices.contains(journey), pages[journey].indices.contains(step) else { return nil }
        return pages[journey][step].bytes { $0 == .event ? event : "" }
    }
}
