import Foundation
import NIOCore
import NIOSSL

/// One address the load goes to.
struct Endpoint: Sendable {
    /// What goes into the `Host` header.
    let authority: String
    /// Resolved once, so that no connection waits for DNS.
    let address: SocketAddress
    /// nil for plain HTTP.
    private let tls: NIOSSLContext?
    private let tls2: NIOSSLContext?
    private let host: String

    var scheme: String { tls == nil ? "http" : "https" }
    var url: String { "\(scheme)://\(authority)" }

    /// Reads `http://host[:port][/]` or `https://…`. Certificates are checked against those that the system trusts, or
    /// those in the PEM file `authorities`.
    init(
        _ text: String, authorities: String? = ProcessInfo.processInfo.environment["SSL_CERT_FILE"]
    ) throws(LoadTestError) {
        let schemes = ["http": 80, "https": 443]
        let parts = text.split(separator: "://", maxSplits: 1)
        guard parts.count == 2, let standardPort = schemes[parts[0].lowercased()] else {
            throw LoadTestError(.invalidOption, "\(text): only http:// and https:// addresses are supported")
        }
        let authority = parts[1].prefix { $0 != "/" }
        let colon = authority.lastIndex(of: ":")
        let host = colon.map { authority[..<$0] } ?? authority
        guard !host.isEmpty, let port = colon.map({ Int(authority[authority.index(after: $0)...]) }) ?? standardPort
        else {
            throw LoadTestError(.invalidOption, "\(text): not an address")
        }
        self.authority = String(authority)
        self.host = String(host)
        do {
            self.address = try SocketAddress.makeAddressResolvingHost(String(host), port: port)
        } catch {
            throw LoadTestError(.invalidOption, "\(host) cannot be resolved", underlying: error)
        }
        guard standardPort == 443 else {
            tls = nil
            tls2 = nil
            return
        }
        do {
            tls = try Self.context(protocols: ["http/1.1"], authorities)
            tls2 = try Self.context(protocols: ["h2"], authorities)
        } catch {
            throw LoadTestError(.invalidOption, "\(text): TLS cannot be set up", underlying: error)
        }
    }

    /// Puts TLS under what a channel speaks, where the address wants it.
    func addTLS(to channel: any Channel, for version: Scenario.Traffic.Version) throws {
        guard let context = version == .http2 ? tls2 : tls else { return }
        // An address in numbers is no name to be asked for (RFC 6066 §3); of a name none can be made.
        let isName = (try? SocketAddress(ipAddress: host, port: 0)) == nil
        try channel.pipeline.syncOperations.addHandler(
            try NIOSSLClientHandler(context: context, serverHostname: isName ? host : nil))
    }

    private static func context(protocols: [String], _ authorities: String?) throws -> NIOSSLContext {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.applicationProtocols = protocols
        if let authorities { configuration.trustRoots = .file(authorities) }
        return try NIOSSLContext(configuration: configuration)
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
