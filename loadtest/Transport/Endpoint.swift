import NIOCore

/// One address the load goes to. Plain HTTP only: TLS ends before the gateway in every set-up that is measured.
struct Endpoint: Sendable {
    /// What goes into the `Host` header.
    let authority: String
    /// Resolved once, so that no connection waits for DNS.
    let address: SocketAddress

    /// Reads `http://host[:port][/]`.
    init(_ text: String) throws(LoadTestError) {
        let prefix = "http://"
        guard text.lowercased().hasPrefix(prefix) else {
            throw LoadTestError(.invalidOption, "\(text): only http:// addresses are supported")
        }
        let authority = text.dropFirst(prefix.count).prefix { $0 != "/" }
        let colon = authority.lastIndex(of: ":")
        let host = colon.map { authority[..<$0] } ?? authority
        guard !host.isEmpty, let port = colon.map({ Int(authority[authority.index(after: $0)...]) }) ?? 80 else {
            throw LoadTestError(.invalidOption, "\(text): not an address")
        }
        self.authority = String(authority)
        do {
            self.address = try SocketAddress.makeAddressResolvingHost(String(host), port: port)
        } catch {
            throw LoadTestError(.invalidOption, "\(host) cannot be resolved", underlying: error)
        }
    }

    /// Reads a comma-separated list; at least one.
    static func list(_ text: String) throws(LoadTestError) -> [Endpoint] {
        var endpoints: [Endpoint] = []
        for part in text.split(separator: ",") {
            endpoints.append(try Endpoint(part.trimmingPrefix { $0 == " " }.description))
        }
        guard !endpoints.isEmpty else { throw LoadTestError(.invalidOption, "--url is empty") }
        return endpoints
    }
}
