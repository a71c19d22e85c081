import Foundation
import Tracing

/// The body of an export, as OTLP's JSON has it: `ExportTraceServiceRequest` of opentelemetry-proto 1.x, ids in
/// hexadecimal, 64-bit numbers as texts, enumerations as numbers.
struct OTLPRequest: Encodable {
    private let resourceSpans: [ResourceSpans]

    /// - Parameter resource: What all spans are of: `service.name` and the like.
    init(_ spans: [FinishedSpan], resource: [String: String]) {
        let attributes = resource.sorted { $0.key < $1.key }.map { Attribute($0.key, .string($0.value)) }
        resourceSpans = [
            ResourceSpans(
                resource: Resource(attributes: attributes),
                scopeSpans: [ScopeSpans(scope: Scope(name: "onsale"), spans: spans.map(WireSpan.init))])
        ]
    }

    private struct ResourceSpans: Encodable {
        let resource: Resource
        let scopeSpans: [ScopeSpans]
    }

    private struct Resource: Encodable {
        let attributes: [Attribute]
    }

    private struct Scope: Encodable {
        let name: String
    }

    private struct ScopeSpans: Encodable {
        let scope: Scope
        let spans: [WireSpan]
    }

    private struct WireSpan: Encodable {
        let traceId: String
        let spanId: String
        let parentSpanId: String?
        /// W3C's flags: sampled.
        let flags = 1
        let name: String
        let kind: Int
        let startTimeUnixNano: String
        let endTimeUnixNano: String
        let attributes: [Attribute]
        let events: [Event]
        let links: [Link]
        let status: Status?

        init(_ span: FinishedSpan) {
            traceId = span.trace.traceID
            spanId = TraceContext.hex(span.trace.spanID)
            parentSpanId = span.parent.map(TraceContext.hex)
            name = span.name
            kind =
                switch span.kind {
                case .internal: 1
                case .server: 2
                case .client: 3
                case .producer: 4
                case .consumer: 5
                }
            startTimeUnixNano = String(span.start)
            endTimeUnixNano = String(span.end)
            attributes = Attribute.list(span.attributes)
            events = span.events.map {
                Event(timeUnixNano: String($0.time), name: $0.name, attributes: Attribute.list($0.attributes))
            }
            links = span.links.map { Link(traceId: $0.traceID, spanId: TraceContext.hex($0.spanID)) }
            status = span.status.map { Status(code: $0.code == .ok ? 1 : 2, message: $0.message) }
        }
    }

    private struct Event: Encodable {
        let timeUnixNano: String
        let name: String
        let attributes: [Attribute]
    }

    private struct Link: Encodable {
        let traceId: String
        let spanId: String
    }

    private struct Status: Encodable {
        let code: Int
        let message: String?
    }

    private struct Attribute: Encodable {
        let key: String
        let value: AnyValue

        init(_ key: String, _ value: AnyValue) {
            self.key = key
            self.value = value
        }

        static func list(_ attributes: SpanAttributes) -> [Attribute] {
            var list: [Attribute] = []
            attributes.forEach { key, value in list.append(Attribute(key, AnyValue(value))) }
            return list.sorted { $0.key < $1.key }
        }
    }

    private enum AnyValue: Encodable {
        case string(String)
        case int(Int64)
        case double(Double)
        case bool(Bool)

        /// Arrays, which no span of ours has, become texts.
        init(_ attribute: SpanAttribute) {
            switch attribute {
            case .string(let value): self = .string(value)
            case .int32(let value): self = .int(Int64(value))
            case .int64(let value): self = .int(value)
            case .double(let value) where value.isFinite: self = .double(value)
            case .bool(let value): self = .bool(value)
            case .stringConvertible(let value): self = .string("\(value)")
            default: self = .string("\(attribute)")
            }
        }

        private enum Key: CodingKey { case stringValue, intValue, doubleValue, boolValue }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: Key.self)
            switch self {
            case .string(let value): try container.encode(value, forKey: .stringValue)
            case .int(let value): try container.encode(String(value), forKey: .intValue)
            case .double(let value): try container.encode(value, forKey: .doubleValue)
            case .bool(let value): try container.encode(value, forKey: .boolValue)
            }
        }
    }
}

/// What a collector answers to spans that it has taken, not all of them perhaps.
struct OTLPResponse: Decodable {
    struct PartialSuccess: Decodable {
        /// JSON has 64-bit numbers as texts, and some collectors send numbers.
        let rejectedSpans: Int

        private enum Key: CodingKey { case rejectedSpans }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: Key.self)
            // A text that is no number, or another type, is read as none rejected.
            let text = try? container.decode(String.self, forKey: .rejectedSpans)
            rejectedSpans = text.flatMap { Int($0) } ?? (try? container.decode(Int.self, forKey: .rejectedSpans)) ?? 0
        }
    }

    let partialSuccess: PartialSuccess?
}
