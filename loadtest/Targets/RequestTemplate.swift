import NIOCore

/// A request of a target, taken apart once, so that writing one is putting strings in a row.
struct RequestTemplate {
    /// What may stand in braces in a route.
    enum Variable: String, CaseIterable, Sendable {
        /// The buyer's access token; the number of the buyer in the run.
        case token, buyer
        case email, password
        /// Idempotency key, quantity and payment method of the purchase.
        case key, quantity, paymentMethod
        case event
        /// The order's id as the service gave it, and what it came with to put it back.
        case order, receipt
        /// Seconds that a poll asks to be held.
        case wait
    }

    private enum Part: Equatable {
        case text(String)
        case variable(Variable)
    }

    private let head: [Part]
    private let body: [Part]?
    /// All of a request that has no variable.
    private var whole: ByteBuffer?
    private let allocator = ByteBufferAllocator()

    init(_ route: Target.Route, authority: String) {
        var head = "\(route.method) \(route.path) HTTP/1.1\r\nHost: \(authority)\r\n"
        for header in route.headers { head += "\(header.name): \(header.value)\r\n" }
        self.head = Self.parts(head)
        self.body = route.body.map { Self.parts($0) }
        if Self.variables(in: head).isEmpty, Self.variables(in: route.body ?? "").isEmpty {
            whole = bytes { _ in "" }
        }
    }

    /// The variables in a text; braces around anything else stand for themselves, as those of JSON do.
    static func variables(in text: String) -> Set<Variable> {
        Set(
            parts(text).compactMap {
                if case .variable(let variable) = $0 { variable } else { nil }
            })
    }

    /// The request's bytes. `etag` asks for an answer only if there is news.
    func bytes(etag: String? = nil, _ value: (Variable) -> String) -> ByteBuffer {
        if etag == nil, let whole { return whole }
        var bytes = allocator.buffer(capacity: 512)
        write(head, to: &bytes, value)
        if let etag {
            bytes.writeString("If-None-Match: ")
            bytes.writeString(etag)
            bytes.writeString("\r\n")
        }
        guard let body else {
            bytes.writeString("\r\n")
            return bytes
        }
        var content = allocator.buffer(capacity: 256)
        write(body, to: &content, value)
        bytes.writeString("Content-Length: ")
        bytes.writeString(String(content.readableBytes))
        bytes.writeString("\r\n\r\n")
        bytes.writeBuffer(&content)
        return bytes
    }

    private func write(_ parts: [Part], to bytes: inout ByteBuffer, _ value: (Variable) -> String) {
        for part in parts {
            switch part {
            case .text(let text): bytes.writeString(text)
            case .variable(let variable): bytes.writeString(value(variable))
            }
        }
    }

    private static func parts(_ text: String) -> [Part] {
        var parts: [Part] = []
        var plain = ""
        var rest = Substring(text)
        while let open = rest.firstIndex(of: "{") {
            plain += rest[..<open]
            rest = rest[open...]
            let known = Variable.allCases.first { rest.hasPrefix("{\($0.rawValue)}") }
            if let known {
                if !plain.isEmpty { parts.append(.text(plain)) }
                plain = ""
                parts.append(.variable(known))
                rest = rest.dropFirst(known.rawValue.count + 2)
            } else {
                plain.append("{")
                rest = rest.dropFirst()
            }
        }
        plain += rest
        if !plain.isEmpty { parts.append(.text(plain)) }
        return parts
    }
}
