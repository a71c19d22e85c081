import NIOCore
import NIOHTTP1
import Testing
import Ticketing

@testable import LoadTest

@Suite("Targets", .timeLimit(.minutes(1)))
struct TargetTests {
    static let shop = """
        name: another shop
        event: concert-7
        purchase:
          path: /shows/{event}/reservations
          headers:
            Content-Type: application/json
            X-Customer: "{buyer}"
            X-Request: "{key}"
          body: '{"seats": {quantity}, "note": "{nothing}"}'
          accepted: [201]
          order: reservation.id
          code: error
          temporary: [try_later]
        status:
          path: /reservations/{order}
          status: state.name
          states:
            pending: [WAITING]
            confirmed: [SOLD]
            cancelled: [EXPIRED, REFUSED]
        """

    @Test("A request is written with the visit's values, and other braces stand for themselves")
    func template() {
        let template = RequestTemplate(
            Target.Route(
                method: "POST", path: "/a/{event}", headers: [.init(name: "X-Key", value: "{key}")],
                body: #"{"n":{quantity},"x":{"y":"{unknown}"}}"#), authority: "h:1")
        let bytes = template.bytes { variable in
            switch variable {
            case .event: "e"
            case .key: "k"
            case .quantity: "12"
            default: "?"
            }
        }
        let body = #"{"n":12,"x":{"y":"{unknown}"}}"#
        #expect(
            String(buffer: bytes)
                == "POST /a/e HTTP/1.1\r\nHost: h:1\r\nX-Key: k\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
    }

    @Test("A value is found on its path, also within other objects")
    func paths() {
        let body = ByteBuffer(string: #"{"id":1,"a":{"id":2,"b":{"id":"3"}},"b":{"id":4}}"#)
        var found: [String] = []
        body.withUnsafeReadableBytes { bytes in
            JSONScanner.members(of: bytes) { name, value in
                MemberPath("a.b.id").follow(name, value) { found.append(JSONScanner.text($0)) }
                MemberPath("id").follow(name, value) { found.append(JSONScanner.text($0)) }
            }
        }
        #expect(found == ["1", "3"])
    }

    @Test("Ids of any kind become ids of ours: equal ones equal, others others")
    func ids() throws {
        let uuid = SampleSale.order(1)
        #expect(OrderID(anyText: uuid.description) == uuid)
        let ids = Set((0..<10_000).compactMap { OrderID(anyText: "reservation-\($0)") })
        #expect(ids.count == 10_000)
        #expect(OrderID(anyText: "r-1") == OrderID(anyText: "r-1"))
        #expect(OrderID(anyText: "") == nil && OrderID(anyText: "null") == nil)
    }

    @Test("Another service is measured and audited by the same plan")
    func otherShop() async throws {
        let target = try Target(yaml: Self.shop)
        let server = try await StandInServer { request, earlier in
            if request.method == "POST" {
                let number = request.headers.first(name: "x-customer") ?? ""
                let isRight =
                    request.path == "/shows/concert-7/reservations" && request.body.contains(#""seats": 1"#)
                guard isRight else { return .reply(400, body: #"{"error":"wrong"}"#) }
                if Int(number) ?? 0 > 30 { return .reply(409, body: #"{"error":"sold_out"}"#) }
                return .reply(201, body: #"{"reservation":{"id":"R-\#(number)"}}"#)
            }
            guard request.path.hasPrefix("/reservations/R-") else { return .reply(404) }
            return .reply(200, body: #"{"state":{"name":"\#(earlier == 0 ? "WAITING" : "SOLD")"}}"#)
        }
        let record = try await ShopRun.run(
            ShopRun.scenario(tickets: 31, [.steady(rate: 100, seconds: 0.5)]), at: server.port, target: target)
        let report = RunReport(record)
        #expect(report.target == "another shop" && report.confirmed == 30)
        #expect(report.refusedByCode == ["sold_out": 20])
        #expect(report.violations == [] && report.ticketsSold == 31)
        try await server.stop()
    }

    @Test(
        "A mistake in a description is said",
        arguments: [
            ("name: x", "purchase and status"),
            ("purchase: {path: a}\nstatus: {}", "begins with /"),
            ("purchase: {path: /a}\nstatus: {path: '/x'}", "states"),
            ("purchase: {path: /a}\nstatus: {path: '/x', states: {confirmed: [a]}}", "{order}"),
            ("purchase: {path: /a}\nstatus: {path: '/{order}', states: {sold: [a]}}", "sold is not known"),
            ("purchase: {path: /a, accepted: [404]}\nstatus: {path: '/{order}', states: {}}", "200 to 299"),
        ])
    func mistakes(yaml: String, message: String) {
        let error = #expect(throws: LoadTestError.self) { try Target(yaml: yaml) }
        #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
    }
}
