/// Where an agent listens: `host:port`.
struct AgentAddress: Equatable, Sendable, CustomStringConvertible {
    let host: String
    let port: Int

    init(_ text: some StringProtocol) throws(LoadTestError) {
        guard let colon = text.lastIndex(of: ":"), colon > text.startIndex,
            let port = Int(text[text.index(after: colon)...]), (0...65535).contains(port)
        else { throw LoadTestError(.invalidOption, "\(text): an address such as 10.0.0.5:7700 is expected") }
        self.host = String(text[..<colon])
        self.port = port
    }

    /// Reads a comma-separated list.
    static func list(_ text: String) throws(LoadTestError) -> [AgentAddress] {
        var addresses: [AgentAddress] = []
        for part in text.split(separator: ",") {
            addresses.append(try AgentAddress(part.trimmingPrefix { $0 == " " }))
        }
        return addresses
    }

    var description: String { "\(host):\(port)" }
}
