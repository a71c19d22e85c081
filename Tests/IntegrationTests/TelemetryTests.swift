import Foundation
import TestSupport
import Testing
import Ticketing

/// What an operator sees of a whole Onsale: traces at a real OTLP endpoint, metrics by Prometheus' own checker, and logs.
@Suite(.timeLimit(.minutes(3)))
struct TelemetryTests {
    private static let traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    private static let steps = [
        "POST /api/tickets/purchase", "reserve", "lane.batch", "commit", "charge", "settle", "publish",
        "GET /api/orders/{id}",
    ]

    @Test func oneOrderIsOneTraceFromTheClickToTheTicket() async throws {
        let receiver = try OTLPReceiver()
        let stack = try await SaleStack(workerSettings: [
            "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint, "OTEL_TRACES_SAMPLER_ARG": "1",
        ])
        defer { stack.stop() }
        let event = try await stack.openEvent(tickets: 5)
        let buyer = try await stack.register()
        let order = try #require(try await stack.buy(event, by: buyer).orderID)
        #expect(try await stack.finalOrder(order, by: buyer).json["status"].string == "confirmed")

        func spans() -> [OTLPReceiver.Span] {
            let trace = receiver.spans.first { $0.name == "reserve" }?.traceId
            return receiver.spans.filter { $0.traceId == trace }
        }
        try await eventually("every step of the order has come") {
            Set(Self.steps).isSubset(of: spans().map(\.name))
        }
        let trace = spans()
        func span(_ name: String) throws -> OTLPReceiver.Span { try #require(trace.first { $0.name == name }) }
        let parents = [
            "reserve": "POST /api/tickets/purchase", "lane.batch": "reserve", "commit": "lane.batch",
            "charge": "lane.batch", "settle": "lane.batch", "publish": "lane.batch", "GET /api/orders/{id}": "reserve",
        ]
        for (child, parent) in parents {
            #expect(try span(child).parentSpanId == span(parent).spanId, "\(child)")
        }
        #expect(try span("POST /api/tickets/purchase").parentSpanId == nil)
        #expect(try span("lane.batch").links.contains { try $0.spanId == span("reserve").spanId })
        for name in ["POST /api/tickets/purchase", "lane.batch", "GET /api/orders/{id}"] {
            #expect(try span(name).attribute("order.id") == order)
        }
        for name in Self.steps {
            let isWorkers = ["lane.batch", "commit", "charge", "settle", "publish"].contains(name)
            #expect(try span(name).service == (isWorkers ? "onsale-worker" : "onsale-gateway"), "\(name)")
            #expect(try span(name).end >= span(name).start)
        }
        // Both programs read the same clock here, so the steps are in order.
        let path = ["POST /api/tickets/purchase", "reserve", "lane.batch", "commit", "charge", "settle", "publish"]
        let starts = try path.map { try span($0).start }
        #expect(starts == starts.sorted())
        #expect(receiver.failures.isEmpty)
    }

    @Test func onlyTheTraceThatAClientAsksForIsRecordedWhenTheRatioIsZero() async throws {
        let receiver = try OTLPReceiver()
        let stack = try await SaleStack(workerSettings: [
            "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint, "OTEL_TRACES_SAMPLER_ARG": "0",
        ])
        defer { stack.stop() }
        let event = try await stack.openEvent(tickets: 5)
        let buyer = try await stack.register()
        let silent = try #require(try await stack.buy(event, by: buyer).orderID)
        _ = try await stack.finalOrder(silent, by: buyer)
        let traced = try await stack.send(
            "POST", "/api/tickets/purchase", token: buyer.token, headers: ["traceparent": Self.traceparent],
            body: ["eventId": .string(event), "quantity": .number(1)])
        let order = try #require(traced.orderID)
        _ = try await stack.finalOrder(order, by: buyer)
        try await eventually("the client's trace has come") {
            Set(Self.steps).isSubset(of: receiver.spans.map(\.name))
        }
        #expect(Set(receiver.spans.map(\.traceId)) == ["0af7651916cd43dd8448eb211c80319c"])
        #expect(!receiver.spans.contains { $0.attribute("order.id") == silent })
        #expect(receiver.spans.first { $0.name == "POST /api/tickets/purchase" }?.parentSpanId == "b7ad6b7169203331")
    }

    @Test func withoutACollectorTheSaleGoesOnAndLostSpansAreCounted() async throws {
        let stack = try await SaleStack(workerSettings: [
            "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:\(try freePort())", "OTEL_TRACES_SAMPLER_ARG": "1",
        ])
        defer { stack.stop() }
        let event = try await stack.openEvent(tickets: 50, limit: 50)
        let buyer = try await stack.register()
        for _ in 0..<50 { #expect(try await stack.buy(event, by: buyer).status == 202) }
        try await eventually("all are sold") { try await stack.ledger(of: event)["postgres"]["sold"].int == 50 }
        try await eventually("the worker has given up on spans") {
            try await stack.metric("onsale_trace_spans_dropped_total", "reason=\"export_failed\"") > 0
        }
        #expect(try await stack.metric("onsale_trace_spans_exported_total") == 0)
        // One line for an outage, however many batches are lost in it.
        #expect(stack.workerLog.components(separatedBy: "msg=traces.export_failed").count == 2)
    }

    @Test func metricsPassPrometheusOwnChecker() async throws {
        let port = try freePort()
        let stack = try await SaleStack(workerSettings: [
            "OTEL_EXPORTER_OTLP_ENDPOINT": try OTLPReceiver().endpoint, "GATEWAY_METRICS_PORT": String(port),
        ])
        defer { stack.stop() }
        let event = try await stack.openEvent(tickets: 1)
        let buyer = try await stack.register()
        let order = try #require(try await stack.buy(event, by: buyer).orderID)
        _ = try await stack.finalOrder(order, by: buyer)
        _ = try await stack.buy(event, by: try await stack.register())

        let public_ = try await stack.send("GET", "/metrics")
        #expect((public_.status, public_.code) == (404, "not_found"))
        for port in [port, stack.metricsPort] {
            let text = String(decoding: try await stack.send("GET", "/metrics", port: port).body, as: UTF8.self)
            #expect(try Self.promtoolComplaints(of: text) == "")
            for line in text.split(separator: "\n") where line.hasPrefix("# HELP ") {
                let words = line.split(separator: " ", maxSplits: 3)
                #expect(words.count == 4 && words[2] != words[3], "\(line) says nothing")
            }
            for name in ["process_cpu_seconds_total", "process_resident_memory_bytes", "process_start_time_seconds"] {
                let value = text.split(separator: "\n").first { $0.hasPrefix(name + " ") }
                    .flatMap { Double($0.dropFirst(name.count + 1)) }
                #expect(value.map { $0 > 0 } == true, "\(name)")
            }
            for name in [
                "onsale_redis_call_duration_seconds_count{kind=\"script\"}", "onsale_event_loop_lag_seconds_count",
                "onsale_postgres_call_duration_seconds_count", "onsale_build_info",
            ] {
                #expect(text.contains(name), "\(name) is missing")
            }
        }
        #expect(try await stack.metric("onsale_payment_attempts_total", "outcome=\"captured\"") == 1)
        #expect(try await stack.metric("onsale_lane_epoch") >= 4)
        #expect(try await stack.status("/healthz", port: port) == 200)
        #expect(try await stack.status("/readyz", port: port) == 200)
    }

    /// The checker itself finds what is wrong.
    @Test func promtoolComplainsOfWrongNames() throws {
        #expect(try Self.promtoolComplaints(of: "# HELP x_ms Time.\n# TYPE x_ms counter\nx_ms 1\n") != "")
    }

    @Test func theLogLevelIsChangedBySignalsAndLinesNameRequestTraceAndOrder() async throws {
        let receiver = try OTLPReceiver()
        let stack = try await SaleStack(workerSettings: [
            "LOG_FORMAT": "json", "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint, "OTEL_TRACES_SAMPLER_ARG": "1",
        ])
        defer { stack.stop() }
        let event = try await stack.openEvent(tickets: 5)
        let buyer = try await stack.register()
        func lines(_ message: String, _ log: String) -> [[String: String]] {
            log.split(separator: "\n").compactMap {
                // What is no JSON is none of ours: the shell's, before the program's first line.
                try? JSONDecoder().decode([String: String].self, from: Data($0.utf8))
            }.filter { $0["msg"] == message }
        }
        func untilLevel(_ level: String) async throws {
            try await eventually("the level is \(level)") {
                [stack.gatewayLog, stack.workerLog].allSatisfy {
                    lines("log.level_changed", $0).last?["log.level"] == level
                }
            }
        }
        func buy(_ id: String) async throws -> String {
            let reply = try await stack.send(
                "POST", "/api/tickets/purchase", token: buyer.token, headers: ["X-Request-Id": id],
                body: ["eventId": .string(event), "quantity": .number(1)])
            let order = try #require(reply.orderID)
            _ = try await stack.finalOrder(order, by: buyer)
            return order
        }
        _ = try await buy("before")
        #expect(lines("request.answered", stack.gatewayLog).isEmpty)

        for name in ["gateway", "worker"] { stack.process(name)?.signal(SIGUSR1) }
        try await untilLevel("debug")
        let order = try await buy("during")
        let line = try #require(lines("request.answered", stack.gatewayLog).first { $0["request.id"] == "during" })
        #expect(line["order.id"] == order)
        #expect(line["trace.id"]?.count == 32)
        #expect(line["level"] == "debug")
        func settlement() -> [String: String]? {
            lines("order.settled", stack.workerLog).first { $0["order.id"] == order }
        }
        // The buyer hears of it before the worker has written its line.
        try await eventually("the settlement is logged") { settlement() != nil }
        let settled = try #require(settlement())
        #expect(settled["trace.id"] == line["trace.id"])

        for name in ["gateway", "worker"] { stack.process(name)?.signal(SIGUSR2) }
        try await untilLevel("info")
        _ = try await buy("after")
        #expect(!lines("request.answered", stack.gatewayLog).contains { $0["request.id"] == "after" })
    }

    /// What `promtool check metrics` has to say of a text; nothing when all is well.
    private static func promtoolComplaints(of text: String) throws -> String {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["promtool", "check", "metrics"]
        let (input, output) = (Pipe(), Pipe())
        process.standardInput = input
        process.standardOutput = output
        process.standardError = output
        try process.run()
        try input.fileHandleForWriting.write(contentsOf: Data(text.utf8))
        try input.fileHandleForWriting.close()
        let complaints = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return String(decoding: complaints, as: UTF8.self)
    }
}
