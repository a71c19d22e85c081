import HTTPTypes
import InventoryStore
import Logging
import Observability
import OrderRepository
import Synchronization
import Testing
import Ticketing
import Tracing

@testable import Gateway
@testable import OnsaleTracing

/// What the traces and the log of a gateway hold of a request.
@Suite struct RequestTraceTests {
    private let queue = SpanQueue(factory: PrometheusRegistry())
    private static let traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

    private func harness(
        ratio: Double, logger: Logger? = nil
    ) async throws -> GatewayHarness {
        let tracer = SpanTracer(ratio: ratio, queue: queue)
        guard let logger else { return try await GatewayHarness(tracer: tracer) }
        return try await GatewayHarness(tracer: tracer, logger: logger)
    }

    private func purchase(
        _ harness: GatewayHarness, _ event: EventID, by user: UserID, headers: HTTPFields = [:]
    ) async throws -> Answer {
        try await harness.send(
            .post, "/api/tickets/purchase", token: harness.token(user),
            body: "{\"eventId\":\"\(event)\",\"quantity\":1}", headers: headers)
    }

    private func text(_ attribute: String, of span: FinishedSpan) -> String? {
        guard let value = span.attributes[attribute]?.toSpanAttribute() else { return nil }
        return switch value {
        case .string(let text): text
        case .int64(let number): "\(number)"
        default: nil
        }
    }

    @Test func aPurchaseIsASpanWithItsReservationBelow() async throws {
        let harness = try await harness(ratio: 1)
        let answer = try await purchase(
            harness, try await harness.event(), by: UserID(),
            headers: [.traceparent: Self.traceparent, .requestID: "click-7"])
        #expect(answer.status == 202)
        let spans = queue.take(10)
        #expect(spans.map(\.name) == ["reserve", "POST /api/tickets/purchase"])
        #expect(spans.allSatisfy { $0.trace.traceID == "0af7651916cd43dd8448eb211c80319c" })
        #expect(spans[1].parent == 0xb7ad_6b71_6920_3331)
        #expect(spans[0].parent == spans[1].trace.spanID)
        #expect(text("order.id", of: spans[1]) == answer.string("orderId"))
        #expect(text("request.id", of: spans[1]) == "click-7")
        #expect(text("http.response.status_code", of: spans[1]) == "202")
        #expect(text("onsale.outcome", of: spans[0]) == "accepted")
    }

    @Test func theReservationGoesOnInTheStreamAndInTheRecord() async throws {
        let harness = try await harness(ratio: 1)
        let answer = try await purchase(harness, try await harness.event(), by: UserID())
        let order = try #require(answer.string("orderId").flatMap { OrderID($0) })
        let reserve = try #require(queue.take(10).first { $0.name == "reserve" })
        #expect(try await harness.inventory.order(order)?.trace == reserve.trace.traceparent)
    }

    @Test func aPollOfATracedOrderIsInItsTraceAlsoWhenTheClientNamesNone() async throws {
        let harness = try await harness(ratio: 1)
        let user = UserID()
        let order = try #require(try await purchase(harness, try await harness.event(), by: user).string("orderId"))
        let trace = try #require(queue.take(10).first?.trace.traceID)
        let answer = try await harness.send(.get, "/api/orders/\(order)", token: harness.token(user))
        #expect(answer.status == 200)
        let poll = try #require(queue.take(10).first)
        #expect(poll.name == "GET /api/orders/{id}")
        #expect(poll.trace.traceID == trace)
        #expect(text("order.id", of: poll) == order)
        #expect(poll.end >= poll.start)
    }

    @Test func aPollInATraceOfTheClientsOwnLinksToTheOrders() async throws {
        let harness = try await harness(ratio: 1)
        let user = UserID()
        let order = try #require(try await purchase(harness, try await harness.event(), by: user).string("orderId"))
        let reserve = try #require(queue.take(10).first { $0.name == "reserve" })
        _ = try await harness.send(
            .get, "/api/orders/\(order)", token: harness.token(user), headers: [.traceparent: Self.traceparent])
        let poll = try #require(queue.take(10).first)
        #expect(poll.trace.traceID == "0af7651916cd43dd8448eb211c80319c")
        #expect(poll.links == [reserve.trace])
    }

    @Test func whatIsNotSampledLeavesNoSpanNorTrace() async throws {
        let harness = try await harness(ratio: 0)
        let user = UserID()
        let unsampled = String(Self.traceparent.dropLast()) + "0"
        let answer = try await purchase(
            harness, try await harness.event(), by: user, headers: [.traceparent: unsampled])
        let order = try #require(answer.string("orderId").flatMap { OrderID($0) })
        _ = try await harness.send(.get, "/api/orders/\(order)", token: harness.token(user))
        _ = try await harness.send(.get, "/api/events")
        #expect(queue.count == 0)
        #expect(try await harness.inventory.order(order)?.trace == nil)
    }

    @Test func otherRoutesAreNamedByTheirTemplateAndRefusalsByTheirCode() async throws {
        let harness = try await harness(ratio: 1)
        _ = try await harness.send(.get, "/api/tickets/some-code-that-is-secret")
        _ = try await harness.send(.get, "/no/such/path")
        _ = try await harness.send(.post, "/api/tickets/purchase", body: "{}")
        let spans = queue.take(10)
        #expect(spans.map(\.name) == ["GET /api/tickets/{code}", "GET unmatched", "POST /api/tickets/purchase"])
        #expect(spans.map { text("onsale.code", of: $0) } == ["unauthenticated", "not_found", "unauthenticated"])
        #expect(!"\(spans)".contains("some-code-that-is-secret"))
    }

    // MARK: - Log

    private final class Records: Sendable {
        private let kept = Mutex<[(Logger.Level, String, Logger.Metadata)]>([])
        var all: [(level: Logger.Level, message: String, metadata: Logger.Metadata)] { kept.withLock { $0 } }
        func add(_ record: (Logger.Level, String, Logger.Metadata)) { kept.withLock { $0.append(record) } }

        func logger(_ level: Logger.Level) -> Logger {
            var logger = Logger(label: "tests") { _ in Handler(records: self) }
            logger.logLevel = level
            return logger
        }
    }

    private struct Handler: LogHandler {
        let records: Records
        var logLevel = Logger.Level.info
        var metadata: Logger.Metadata = [:]

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            records.add((event.level, event.message.description, metadata.merging(event.metadata ?? [:]) { $1 }))
        }
    }

    @Test func atDebugEachRequestIsALineWithRequestTraceAndOrder() async throws {
        let records = Records()
        let harness = try await harness(ratio: 1, logger: records.logger(.debug))
        let answer = try await purchase(
            harness, try await harness.event(), by: UserID(), headers: [.traceparent: Self.traceparent])
        let line = try #require(records.all.first { $0.message == "request.answered" })
        #expect(line.level == .debug)
        #expect(line.metadata["request.id"]?.description == answer.headers[.requestID])
        #expect(line.metadata["trace.id"]?.description == "0af7651916cd43dd8448eb211c80319c")
        #expect(line.metadata["order.id"]?.description == answer.string("orderId"))
        #expect(line.metadata["http.route"]?.description == "/api/tickets/purchase")
        #expect(line.metadata["http.status"]?.description == "202")
    }

    @Test func atDebugTheLineOfARefusalNamesItsCode() async throws {
        let records = Records()
        let harness = try await harness(ratio: 0, logger: records.logger(.debug))
        _ = try await harness.send(.get, "/api/auth/me")
        let line = try #require(records.all.first { $0.message == "request.answered" })
        #expect(line.metadata["code"]?.description == "unauthenticated")
    }

    @Test func atInfoRequestsAreNotLogged() async throws {
        let records = Records()
        let harness = try await harness(ratio: 1, logger: records.logger(.info))
        _ = try await purchase(harness, try await harness.event(), by: UserID())
        _ = try await harness.send(.get, "/api/events")
        #expect(records.all.isEmpty)
    }

    @Test func whatIsLoggedOfAPurchaseNamesTheRequestThatTheClientIsTold() async throws {
        let records = Records()
        let harness = try await harness(ratio: 1, logger: records.logger(.info))
        let event = try await harness.event()
        harness.inventory.fail(with: InventoryError(.unexpectedReply, "CORRUPT"))
        let answer = try await purchase(harness, event, by: UserID(), headers: [.traceparent: Self.traceparent])
        answer.expectProblem(.overloaded)
        let line = try #require(records.all.first { $0.message == "purchase.reserve_failed" })
        #expect(line.metadata["request.id"]?.description == answer.string("requestId"))
        #expect(line.metadata["trace.id"]?.description == "0af7651916cd43dd8448eb211c80319c")
        #expect(line.metadata["order.id"] != nil)
    }

    // MARK: - Metrics

    @Test func anUnknownPathMakesNoSeries() async throws {
        let harness = try await harness(ratio: 0)
        func series() -> [Substring] {
            String(decoding: harness.registry.render(), as: UTF8.self).split(separator: "\n")
                .filter { !$0.hasPrefix("#") }.map { $0.prefix { $0 != " " } }
        }
        let before = series()
        for path in ["/a", "/b/c", "/api/events/not-an-id", "/api/orders/not-an-id", "/api/tickets/x/y/z"] {
            for method in [HTTPRequest.Method.get, .delete, .put] { _ = try await harness.send(method, path) }
        }
        #expect(series() == before)
        let text = String(decoding: harness.registry.render(), as: UTF8.self)
        #expect(text.contains("onsale_http_requests_total{method=\"other\",route=\"unmatched\",status=\"4xx\"}"))
    }

    @Test func refusalsAreCountedByCodeWhereverTheyAreMade() async throws {
        let harness = try await harness(ratio: 0)
        _ = try await harness.send(.post, "/api/tickets/purchase", body: "{}")
        _ = try await harness.send(.post, "/api/tickets/purchase", token: harness.token(), body: "{}")
        _ = try await harness.send(.get, "/api/users")
        _ = try await harness.send(.get, "/nowhere")
        let text = String(decoding: harness.registry.render(), as: UTF8.self)
        for line in [
            "onsale_purchases_refused_total{code=\"unauthenticated\"} 1",
            "onsale_purchases_refused_total{code=\"validation_failed\"} 1",
            "onsale_http_problems_total{code=\"unauthenticated\"} 2",
            "onsale_http_problems_total{code=\"validation_failed\"} 1",
            "onsale_http_problems_total{code=\"not_found\"} 1",
        ] {
            #expect(text.contains(line + "\n"), "\(line)")
        }
    }

    @Test func reservationsAreTimedByWhatCameOfThem() async throws {
        let harness = try await harness(ratio: 0)
        let (event, user) = (try await harness.event { $0.totalTickets = 1 }, UserID())
        _ = try await harness.purchase(event, key: "k-0123456789", token: harness.token(user))
        _ = try await harness.purchase(event, key: "k-0123456789", token: harness.token(user))
        let text = String(decoding: harness.registry.render(), as: UTF8.self)
        for outcome in ["accepted", "replayed"] {
            #expect(text.contains("onsale_reserve_duration_seconds_count{outcome=\"\(outcome)\"} 1\n"))
        }
        #expect(text.contains("onsale_reserve_duration_seconds_count{outcome=\"failed\"} 0\n"))
    }
}
