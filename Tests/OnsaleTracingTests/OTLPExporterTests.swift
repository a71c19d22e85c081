import CoreMetrics
import Foundation
import Logging
import OnsaleConfiguration
import ServiceLifecycle
import TestSupport
import Testing
import Tracing

@testable import OnsaleTracing

/// The exporter against a real HTTP server.
@Suite struct OTLPExporterTests {
    private let counts = CountingMetrics()
    private let receiver: OTLPReceiver
    private let queue: SpanQueue
    private let tracer: SpanTracer

    init() throws {
        receiver = try OTLPReceiver()
        queue = SpanQueue(capacity: 100, factory: counts)
        tracer = SpanTracer(ratio: 1, queue: queue)
    }

    private func configuration(_ url: String? = nil) -> TracingConfiguration {
        var configuration = TracingConfiguration(url: (url ?? receiver.endpoint) + "/v1/traces", service: "tests")
        configuration.interval = .milliseconds(10)
        configuration.pause = .milliseconds(10)
        configuration.batch = 10
        return configuration
    }

    /// Runs an exporter while `body` runs, and stops it as a program does.
    private func exporting(_ configuration: TracingConfiguration, _ body: () async throws -> Void) async throws {
        let exporter = OTLPExporter(
            configuration: configuration, queue: queue, instance: "one",
            logger: Logger(label: "tests") { _ in SwiftLogNoOpLogHandler() })
        let group = ServiceGroup(services: [exporter], logger: Logger(label: "tests") { _ in SwiftLogNoOpLogHandler() })
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            try await body()
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }

    private func end(_ count: Int) { for _ in 0..<count { tracer.begin("x", traceparent: nil)?.end() } }

    @Test func spansArriveWholeInBatches() async throws {
        try await exporting(configuration()) {
            let root = try #require(tracer.begin("root", traceparent: TraceContextTests.text))
            let child = root.child("child", ofKind: .consumer)
            child.link(to: try #require(root.context.trace))
            child.updateAttributes {
                $0["text"] = "a \"b\""
                $0["number"] = 7
            }
            struct Failure: Error {}
            child.recordError(Failure())
            child.end()
            root.end()
            end(25)
            try await eventually("27 spans have come") { receiver.spans.count == 27 }
        }
        let child = try #require(receiver.spans.first { $0.name == "child" })
        let root = try #require(receiver.spans.first { $0.name == "root" })
        #expect(child.traceId == "0af7651916cd43dd8448eb211c80319c")
        #expect(child.parentSpanId == root.spanId)
        #expect(root.parentSpanId == "b7ad6b7169203331")
        #expect((root.kind, child.kind) == (2, 5))
        #expect(child.links.map(\.spanId) == [root.spanId])
        #expect(child.attribute("text") == "a \"b\"")
        #expect(child.attribute("number") == "7")
        #expect(child.status?.code == 2)
        #expect(child.service == "tests")
        #expect(child.end >= child.start && child.start > 1_700_000_000_000_000_000)
        #expect(receiver.failures.isEmpty)
        #expect(receiver.requests.allSatisfy { $0.hasPrefix("POST /v1/traces ") })
        #expect(receiver.requests.count >= 3)
        #expect(counts["onsale_trace_spans_exported"] == 27)
    }

    @Test func whatEndsLastIsSentWhileTheProgramStops() async throws {
        var configuration = configuration()
        configuration.interval = .seconds(60)
        try await exporting(configuration) { end(3) }
        #expect(receiver.spans.count == 3)
    }

    @Test func aBusyCollectorIsAskedAgain() async throws {
        receiver.answer((503, ""), (429, ""))
        end(2)
        try await exporting(configuration()) {
            try await eventually("they have come at last") { receiver.spans.count == 2 }
        }
        #expect(receiver.requests.count == 3)
        #expect(counts["onsale_trace_spans_exported"] == 2)
    }

    @Test func whatTheCollectorDoesNotWantIsDroppedAndCounted() async throws {
        receiver.answer((400, ""), (200, #"{"partialSuccess":{"rejectedSpans":"1","errorMessage":"no"}}"#))
        end(2)
        try await exporting(configuration()) {
            try await eventually("the first batch is refused") { counts["onsale_trace_spans_dropped", "rejected"] == 2 }
            end(3)
            try await eventually("of the second one is") { counts["onsale_trace_spans_dropped", "rejected"] == 3 }
        }
        // The second three may have been sent in several batches.
        #expect(counts["onsale_trace_spans_exported"] == 2)
        #expect(receiver.requests.count >= 2)
    }

    @Test func withoutACollectorTheQueueStaysBoundedAndEverySpanIsCounted() async throws {
        let nobody = "http://127.0.0.1:\(try freePort())"
        try await exporting(configuration(nobody)) {
            for _ in 0..<50 {
                end(20)
                #expect(queue.count <= 100)
            }
            try await eventually("some were tried and given up on") {
                counts["onsale_trace_spans_dropped", "export_failed"] > 0
            }
        }
        let dropped = ["queue_full", "export_failed", "rejected"].map { counts["onsale_trace_spans_dropped", $0] }
        #expect(dropped.reduce(0, +) == 1_000)
        #expect(counts["onsale_trace_spans_exported"] == 0)
    }

    @Test func headersAreSentAndNothingElseIsTracedByIt() async throws {
        var configuration = configuration()
        configuration.headers = [("Authorization", "Bearer x")]
        try await exporting(configuration) {
            end(1)
            try await eventually("it has come") { receiver.spans.count == 1 }
        }
        #expect(receiver.requests.first?.contains("Authorization: Bearer x") == true)
        #expect(receiver.requests.allSatisfy { !$0.lowercased().contains("traceparent") })
    }

    // MARK: - Configuration

    private func configuration(_ variables: [String: String]) throws -> TracingConfiguration? {
        try TracingConfiguration(
            config: ConfigReader(provider: EnvironmentVariablesProvider(environmentVariables: variables)),
            service: "onsale-gateway")
    }

    @Test func withoutAnEndpointNothingIsTraced() throws {
        #expect(try configuration(["OTEL_TRACES_SAMPLER_ARG": "1"]) == nil)
        #expect(try configuration(["OTEL_EXPORTER_OTLP_ENDPOINT": ""]) == nil)
    }

    @Test func theVariablesAreRead() throws {
        let read = try #require(
            try configuration([
                "OTEL_EXPORTER_OTLP_ENDPOINT": "https://otel.example:4318/x/", "OTEL_TRACES_SAMPLER_ARG": "0.25",
                "OTEL_SERVICE_NAME": "tickets", "OTEL_EXPORTER_OTLP_HEADERS": "api-key=a%20b, x=y=z",
            ]))
        #expect(read.url == "https://otel.example:4318/x/v1/traces")
        #expect(read.ratio == 0.25)
        #expect(read.service == "tickets")
        #expect(read.headers.map { "\($0.name): \($0.value)" } == ["api-key: a b", "x: y=z"])
        let least = try #require(try configuration(["OTEL_EXPORTER_OTLP_ENDPOINT": "http://otel:4318"]))
        #expect(least.url == "http://otel:4318/v1/traces")
        #expect(least.ratio == 0.01)
        #expect(least.service == "onsale-gateway")
    }

    @Test(arguments: [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "otel:4318"), ("OTEL_EXPORTER_OTLP_ENDPOINT", "grpc://otel:4317"),
        ("OTEL_TRACES_SAMPLER_ARG", "1.5"), ("OTEL_TRACES_SAMPLER_ARG", "-0.1"), ("OTEL_TRACES_SAMPLER_ARG", "nan"),
        ("OTEL_TRACES_SAMPLER_ARG", "half"), ("OTEL_EXPORTER_OTLP_HEADERS", "no-value"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "a=b%0d%0aInjected: x"), ("OTEL_EXPORTER_OTLP_HEADERS", "a:b=c"),
    ])
    func aWrongVariableIsNamed(variable: String, value: String) throws {
        var variables = ["OTEL_EXPORTER_OTLP_ENDPOINT": "http://otel:4318"]
        variables[variable] = value
        let error = #expect(throws: ConfigurationError.self) { try configuration(variables) }
        #expect("\(try #require(error))".contains(variable))
        if variable == "OTEL_EXPORTER_OTLP_HEADERS" { #expect(!"\(try #require(error))".contains(value)) }
    }
}
