/// Where a server listens.
package struct RedisAddress: Sendable, Hashable {
    package var host: String
    package var port: Int

    package init(host: String, port: Int) {
        self.host = host
        self.port = port
    }
}

extension RedisAddress {
    /// Reads `host:port` as servers write it in replies: an IPv6 address stands without brackets, and an empty host
    /// means the one that answered.
    init?(_ text: Substring, answeredBy own: RedisAddress) {
        guard let colon = text.lastIndex(of: ":"),
            let port = UInt16(text[text.index(after: colon)...].prefix { $0 != "@" }), port > 0
        else { return nil }
        let host = text[..<colon]
        self.init(host: host.isEmpty ? own.host : String(host), port: Int(port))
    }
}

extension RedisAddress: CustomStringConvertible {
    package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
