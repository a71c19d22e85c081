import Foundation
import Synchronization

/// An OTLP endpoint over HTTP: a server on a port of its own that keeps the spans it is sent, read as JSON, as a
/// collector does.
package final class OTLPReceiver: Sendable {
    /// One span as it came.
    package struct Span: Decodable, Sendable {
        package struct Link: Decodable, Hashable, Sendable {
            package let traceId: String
            package let spanId: String
        }

        package struct Attribute: Decodable, Sendable {
            package struct Value: Decodable, Sendable {
                let stringValue: String?
                let intValue: String?

                package var text: String? { stringValue ?? intValue }
            }

            package let key: String
            package let value: Value
        }

        package struct Status: Decodable, Sendable {
            package let code: Int
        }

        package let traceId: String
        package let spanId: String
        package let parentSpanId: String?
        package let name: String
        package let kind: Int
        package let startTimeUnixNano: String
        package let endTimeUnixNano: String
        package let attributes: [Attribute]
        package let links: [Link]
        package let status: Status?
        /// Of the resource.
        package var service: String?

        private enum CodingKeys: String, CodingKey {
            case traceId, spanId, parentSpanId, name, kind, startTimeUnixNano, endTimeUnixNano, attributes, links,
                status
        }

        package func attribute(_ key: String) -> String? { attributes.first { $0.key == key }?.value.text }
        package var start: UInt64 { UInt64(startTimeUnixNano) ?? 0 }
        package var end: UInt64 { UInt64(endTimeUnixNano) ?? 0 }
    }

    private struct Export: Decodable {
        struct ResourceSpans: Decodable {
            struct Resource: Decodable { let attributes: [Span.Attribute] }
            struct ScopeSpans: Decodable { let spans: [Span] }
            let resource: Resource
            let scopeSpans: [ScopeSpans]
        }

        let resourceSpans: [ResourceSpans]
    }

    private struct State {
        var spans: [Span] = []
        var heads: [String] = []
        var answers: [(status: Int, body: String)] = []
        var failures: [String] = []
    }

    package let port: Int
    private let listener: Int32
    private let state = Mutex(State())

    package var endpoint: String { "http://127.0.0.1:\(port)" }
    package var spans: [Span] { state.withLock { $0.spans } }
    /// The heads of the requests, as they came.
    package var requests: [String] { state.withLock { $0.heads } }
    /// What came and was no export.
    package var failures: [String] { state.withLock { $0.failures } }

    package init() throws {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && listen(descriptor, 64) == 0
                    && getsockname(descriptor, $0, &length) == 0
            }
        }
        guard bound else { throw ServerError(description: "no port for an OTLP receiver") }
        listener = descriptor
        port = Int(UInt16(bigEndian: address.sin_port))
        Thread.detachNewThread { [weak self] in
            while true {
                let connection = accept(descriptor, nil, nil)
                guard connection >= 0 else { return }
                self?.serve(connection)
                close(connection)
            }
        }
    }

    deinit {
        // Wakes the thread in `accept`, which then ends.
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
    }

    /// Answers the next requests like this instead of taking what they bring, one after the other.
    package func answer(_ answers: (status: Int, body: String)...) {
        state.withLock { $0.answers += answers }
    }

    /// One request and its answer; the connection is not used again.
    private func serve(_ connection: Int32) {
        guard let (head, body) = Self.request(on: connection) else { return }
        let answer = state.withLock { state in
            state.heads.append(head)
            guard state.answers.isEmpty else { return state.answers.removeFirst() }
            do {
                for resource in try JSONDecoder().decode(Export.self, from: body).resourceSpans {
                    let service = resource.resource.attributes.first { $0.key == "service.name" }?.value.text
                    for var span in resource.scopeSpans.flatMap(\.spans) {
                        span.service = service
                        state.spans.append(span)
                    }
                }
            } catch {
                state.failures.append("\(error)")
            }
            return (status: 200, body: "{}")
        }
        let text =
            "HTTP/1.1 \(answer.status) Answer\r\nContent-Type: application/json\r\nConnection: close\r\n"
            + "Content-Length: \(answer.body.utf8.count)\r\n\r\n\(answer.body)"
        // Whoever has gone meanwhile is no reason to end the tests by SIGPIPE.
        _ = Array(text.utf8).withUnsafeBytes { send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
    }

    private static func request(on connection: Int32) -> (head: String, body: Data)? {
        var bytes = Data()
        var buffer = [UInt8](repeating: 0, count: 65_536)
        var wanted: Int?
        while wanted.map({ bytes.count < $0 }) ?? true {
            let count = read(connection, &buffer, buffer.count)
            guard count > 0 else { return nil }
            bytes.append(contentsOf: buffer[..<count])
            if wanted == nil, let end = bytes.range(of: Data("\r\n\r\n".utf8)) {
                let head = String(decoding: bytes[..<end.lowerBound], as: UTF8.self).lowercased()
                let length = head.split(separator: "\r\n").first { $0.hasPrefix("content-length:") }
                    .flatMap { Int($0.dropFirst("content-length:".count).trimmingCharacters(in: .whitespaces)) }
                wanted = end.upperBound + (length ?? 0)
            }
        }
        guard let end = bytes.range(of: Data("\r\n\r\n".utf8)) else { return nil }
        return (String(decoding: bytes[..<end.lowerBound], as: UTF8.self), bytes[end.upperBound...])
    }
}
