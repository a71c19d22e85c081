import AsyncHTTPClient
import Foundation
package import Logging
import NIOCore
import NIOHTTP1
import ServiceLifecycle

/// Sends spans to a collector by OTLP over HTTP, in JSON, which every collector takes and which needs no generated code.
///
/// To be stopped last: what other services end while they stop is still sent, for `flushTime` at most.
package struct OTLPExporter: Service {
    private let configuration: TracingConfiguration
    private let queue: SpanQueue
    private let resource: [String: String]
    private let logger: Logger

    /// - Parameter instance: Tells this process from others of the same service.
    package init(configuration: TracingConfiguration, queue: SpanQueue, instance: String, logger: Logger) {
        self.configuration = configuration
        self.queue = queue
        resource = ["service.name": configuration.service, "service.instance.id": instance]
        self.logger = logger
    }

    package func run() async throws {
        var http = HTTPClient.Configuration()
        // Its own requests are no part of any trace.
        http.tracing.tracer = nil
        // The exporter has pauses and a limit of its own; the client's would take all of a request's time.
        http.connectionPool.retryConnectionEstablishment = false
        let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: http)
        await cancelWhenGracefulShutdown {
            var outage = Outage()
            while !Task.isCancelled {
                await drain(client, &outage)
                // Ends early when the program stops, which the loop's condition looks at next.
                try? await Task.sleep(for: configuration.interval)
            }
        }
        await flush(client)
        try await client.shutdown()
    }

    /// Whether the collector was away the last time, so that an outage is one line in the log.
    private struct Outage {
        var isNoted = false
    }

    private enum Answer {
        case taken(rejected: Int)
        /// Worth another attempt (OTLP §"Failures"): nobody answered, or 429, 502, 503 or 504.
        case later(String)
        case refused(String)
    }

    private func drain(_ client: HTTPClient, _ outage: inout Outage) async {
        while !Task.isCancelled {
            let batch = queue.take(configuration.batch)
            guard !batch.isEmpty else { return }
            await export(batch, client, &outage)
        }
    }

    private func flush(_ client: HTTPClient) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                var outage = Outage()
                await drain(client, &outage)
            }
            group.addTask {
                // Ends early when all is sent.
                try? await Task.sleep(for: configuration.flushTime)
            }
            await group.next()
            group.cancelAll()
        }
        queue.lose(queue.take(.max).count, .exportFailed)
    }

    /// Sends a batch. When the task is cancelled meanwhile the batch waits again: the collector may then have it twice,
    /// under the same ids, rather than not at all.
    private func export(_ batch: [FinishedSpan], _ client: HTTPClient, _ outage: inout Outage) async {
        var pause = configuration.pause
        for attempt in 1...configuration.attempts {
            let failure: String
            switch await send(batch, client) {
            case .taken(let rejected):
                queue.export(batch.count - rejected)
                queue.lose(rejected, .rejected)
                outage.isNoted = false
                return
            case .refused(let reason):
                queue.lose(batch.count, .rejected)
                return note(reason, &outage)
            case .later(let reason): failure = reason
            }
            guard !Task.isCancelled else { return queue.putBack(batch) }
            guard attempt < configuration.attempts, !outage.isNoted else {
                queue.lose(batch.count, .exportFailed)
                return note(failure, &outage)
            }
            // Cancelled: the next attempt ends at once.
            try? await Task.sleep(for: pause)
            pause *= 2
        }
    }

    private func note(_ reason: String, _ outage: inout Outage) {
        logger.log(
            level: outage.isNoted ? .debug : .warning, "traces.export_failed",
            metadata: ["error": "\(reason)", "url": "\(configuration.url)"])
        outage.isNoted = true
    }

    private func send(_ batch: [FinishedSpan], _ client: HTTPClient) async -> Answer {
        do {
            var request = HTTPClientRequest(url: configuration.url)
            request.method = .POST
            request.headers.add(name: "Content-Type", value: "application/json")
            for (name, value) in configuration.headers { request.headers.add(name: name, value: value) }
            request.body = .bytes(ByteBuffer(bytes: try JSONEncoder().encode(OTLPRequest(batch, resource: resource))))
            let response = try await client.execute(request, timeout: TimeAmount(configuration.timeout))
            let body = try await response.body.collect(upTo: Self.answerBytes)
            switch response.status.code {
            case 200..<300:
                // Whoever answers 200 has taken them, whatever else the body is.
                let answer = try? JSONDecoder().decode(OTLPResponse.self, from: Data(body.readableBytesView))
                return .taken(rejected: min(max(0, answer?.partialSuccess?.rejectedSpans ?? 0), batch.count))
            case 429, 502, 503, 504: return .later("the collector answers \(response.status.code)")
            default: return .refused("the collector answers \(response.status.code)")
            }
        } catch {
            return .later("\(error)")
        }
    }

    /// Of an answer: a sentence of why spans were not taken. Beyond: as no answer.
    private static let answerBytes = 64 * 1024
}
