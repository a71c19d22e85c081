import Foundation
package import OnsaleConfiguration

/// Where spans go and how many. The variables are OpenTelemetry's own.
///
/// | variable | default | allowed | secret |
/// | --- | --- | --- | --- |
/// | `OTEL_EXPORTER_OTLP_ENDPOINT` | none: nothing is traced | `http://host:port` or `https://…`, with a path or not | no |
/// | `OTEL_EXPORTER_OTLP_HEADERS` | none | `name=value,name=value`, values percent-encoded | yes |
/// | `OTEL_TRACES_SAMPLER_ARG` | `0.01` | 0 to 1 | no |
/// | `OTEL_SERVICE_NAME` | the program's name | not empty | no |
package struct TracingConfiguration: Sendable {
    /// `…/v1/traces`
    package var url: String
    package var headers: [(name: String, value: String)] = []
    /// The share of the traces that begin here which is recorded.
    package var ratio = 0.01
    package var service: String

    /// Spans that wait for export: 8 MB of them, or half a second at 16,000 a second. Beyond: dropped and counted.
    package static let queuedSpans = 8_192
    /// Traces a second that clients may have recorded by a `traceparent` of their own.
    package static let clientTraces = 100
    /// Spans in one request: about 300 kB, a tenth of what collectors take by default (4 MiB).
    var batch = 512
    /// How often the queue is emptied.
    var interval: Duration = .milliseconds(250)
    /// How long one request may take.
    var timeout: Duration = .seconds(5)
    /// How often a batch is sent at most, and the pause before the second time, doubled before the third. Beyond: dropped
    /// and counted.
    var attempts = 3
    var pause: Duration = .milliseconds(500)
    /// How long a stopping program goes on exporting.
    var flushTime: Duration = .seconds(3)

    package init(url: String, service: String) {
        self.url = url
        self.service = service
    }

    /// nil when no endpoint is given.
    ///
    /// - Parameter service: The program's name.
    package init?(config: ConfigReader, service: String) throws(ConfigurationError) {
        guard config.optional("otel.exporter.otlp.endpoint") != nil else { return nil }
        let endpoint = try config.required(
            "otel.exporter.otlp.endpoint", as: String.self, allowed: "an http or https URL"
        ) { text in
            guard let url = URL(string: text), ["http", "https"].contains(url.scheme), url.host != nil,
                url.query == nil, url.fragment == nil
            else { return nil }
            return text
        }
        self.init(
            url: endpoint + (endpoint.hasSuffix("/") ? "" : "/") + "v1/traces",
            service: config.text("otel.service.name", default: service))
        if config.optional("otel.exporter.otlp.headers", isSecret: true) != nil {
            headers = try config.required(
                "otel.exporter.otlp.headers", as: [(name: String, value: String)].self,
                allowed: "name=value, separated by commas", isSecret: true, parse: Self.headers)
        }
        if config.optional("otel.traces.sampler.arg") != nil {
            ratio = try config.required("otel.traces.sampler.arg", as: Double.self, allowed: "a number from 0 to 1") {
                Double($0).flatMap { (0...1).contains($0) ? $0 : nil }
            }
        }
    }

    private static func headers(_ text: String) -> [(name: String, value: String)]? {
        var headers: [(name: String, value: String)] = []
        for pair in text.split(separator: ",") {
            let parts = pair.split(separator: "=", maxSplits: 1)
            guard parts.count == 2, let value = parts[1].removingPercentEncoding else { return nil }
            let name = parts[0].trimmingCharacters(in: .whitespaces)
            // What a header may not hold would end it, and begin another (RFC 9110 §5.5).
            guard !name.isEmpty, name.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: ":") }),
                value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f })
            else { return nil }
            headers.append((name, value))
        }
        return headers
    }
}
