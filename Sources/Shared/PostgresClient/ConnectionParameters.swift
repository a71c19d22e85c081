import CLibpq

/// The keywords and values that libpq connects with, read from a URL by libpq itself.
struct ConnectionParameters: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    private(set) var values: [String: String] = [:]

    /// What is added where the URL does not say otherwise. A peer that vanished without a word is noticed after
    /// 30 + 3 × 10 s when idle and 10 s after a send; Kerberos is not tried, which would cost a round trip.
    private static let defaults = [
        "fallback_application_name": "onsale", "keepalives_idle": "30", "keepalives_interval": "10",
        "keepalives_count": "3", "tcp_user_timeout": "10000", "gssencmode": "disable",
    ]

    init(url: String) throws(PostgresError) {
        guard url.hasPrefix("postgres://") || url.hasPrefix("postgresql://") else {
            throw PostgresError(.invalidURL, "the URL does not begin with postgres://")
        }
        guard !url.utf8.contains(0) else { throw PostgresError(.invalidURL, "the URL has a NUL character in it") }
        var errorText: UnsafeMutablePointer<CChar>?
        guard let options = PQconninfoParse(url, &errorText) else {
            defer { PQfreemem(errorText) }
            let reason = errorText.map { String(cString: $0) } ?? "out of memory"
            throw PostgresError(.invalidURL, Self.withoutQuotations(reason))
        }
        defer { PQconninfoFree(options) }
        var option = options
        while let keyword = option.pointee.keyword {
            if let value = option.pointee.val { values[String(cString: keyword)] = String(cString: value) }
            option += 1
        }
        if let port = values["port"], port.split(separator: ",").contains(where: { UInt16($0) ?? 0 == 0 }) {
            throw PostgresError(.invalidURL, "the port is not a number from 1 to 65535")
        }
        values.merge(Self.defaults) { given, _ in given }
        values["client_encoding"] = "UTF8"
    }

    /// libpq's messages quote parts of the URL, which may be the password: what stands between quotes is left out.
    private static func withoutQuotations(_ message: String) -> String {
        guard let first = message.firstIndex(of: "\""), let last = message.lastIndex(of: "\"") else {
            return message.split(separator: "\n").joined(separator: " ")
        }
        return message[..<first] + "…" + message[message.index(after: last)...].filter { $0 != "\n" }
    }

    /// Who connects where, without secrets.
    var description: String {
        let port = values["port"].map { ":\($0)" } ?? ""
        let user = values["user"].map { "\($0)@" } ?? ""
        return "postgres://\(user)\(values["host"] ?? "localhost")\(port)/\(values["dbname"] ?? "")"
    }

    var debugDescription: String { description }

    var customMirror: Mirror { Mirror(self, children: ["server": description]) }
}
