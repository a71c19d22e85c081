extension RedisConfiguration {
    /// Reads where the server is:
    ///
    ///     redis://[user[:password]@]host[:port][/database]
    ///     redis-cluster://[user[:password]@]host[:port][,host[:port]…]
    ///     redis-sentinel://[user[:password]@]host[:port][,host[:port]…]/primary[/database]
    ///
    /// Each may end in `?option=value&…`; `rediss`, `rediss-cluster` and `rediss-sentinel` are the same over TLS. A
    /// cluster is found by any of its nodes, and has no numbered databases. User and password are the servers', not the
    /// sentinels', whose port is 26379 unless given.
    ///
    /// User, password and option values may be percent-encoded, and must be where they contain `@ / ? # %`. Options,
    /// for `rediss` only: `sslrootcert`, a PEM file of the authorities to trust, and `sslverify`, one of `full`
    /// (default), `ca` and `none`. An error names the part that is wrong and quotes nothing, as a password that was
    /// not encoded may have slipped into any part.
    package init(url: String) throws(RedisClientError) {
        guard let schemeEnd = url.firstRange(of: "://") else { throw Self.invalid("the scheme") }
        let (protocolName, kind) = Self.split(url[..<schemeEnd.lowerBound], at: "-")
        guard let tls = ["redis": false, "rediss": true][protocolName.lowercased()],
            [nil, "cluster", "sentinel"].contains(kind?.lowercased())
        else { throw Self.invalid("the scheme: it must be redis or rediss, with or without -cluster or -sentinel") }
        let rest = url[schemeEnd.upperBound...]
        guard !rest.contains("#") else { throw Self.invalid("the fragment: there must be none") }
        let (beforeQuery, query) = Self.split(rest, at: "?")
        let (authority, path) = Self.split(beforeQuery, at: "/")
        let address: Substring
        let credentials: Substring?
        if let at = authority.lastIndex(of: "@") {
            (credentials, address) = (authority[..<at], authority[authority.index(after: at)...])
        } else {
            (credentials, address) = (nil, authority)
        }

        let usualPort = kind?.lowercased() == "sentinel" ? 26_379 : 6_379
        let list = kind == nil ? [address] : address.split(separator: ",", omittingEmptySubsequences: false)
        var addresses: [RedisAddress] = []
        for text in list { addresses.append(try Self.address(text, usualPort: usualPort)) }
        self.init(host: addresses[0].host, port: addresses[0].port)
        self.alternatives = Array(addresses[1...])
        self.tls = tls
        if let credentials { try readCredentials(credentials) }
        switch kind?.lowercased() {
        case "cluster":
            self.topology = .cluster
            guard (path ?? "").isEmpty else { throw Self.invalid("the database: a cluster has none") }
        case "sentinel":
            let (name, database) = Self.split(path ?? "", at: "/")
            guard !name.isEmpty, let name = Self.percentDecoded(name) else {
                throw Self.invalid("the path: it must name the primary that the sentinels watch")
            }
            self.topology = .sentinels(primary: name)
            try readDatabase(database)
        default:
            try readDatabase(path)
        }
        for option in (query ?? "").split(separator: "&") { try readOption(option) }
    }

    private mutating func readDatabase(_ text: Substring?) throws(RedisClientError) {
        guard let text, !text.isEmpty else { return }
        guard text.allSatisfy({ $0.isASCII && $0.isNumber }), let database = Int(text) else {
            throw Self.invalid("the database: it must be a number")
        }
        self.database = database
    }

    private mutating func readCredentials(_ text: Substring) throws(RedisClientError) {
        let (user, password) = Self.split(text, at: ":")
        guard let decodedUser = Self.percentDecoded(user) else { throw Self.invalid("the user") }
        if let password {
            guard let decoded = Self.percentDecoded(password) else { throw Self.invalid("the password") }
            self.password = decoded.isEmpty ? nil : decoded
        }
        self.username = decodedUser.isEmpty ? nil : decodedUser
        guard username == nil || self.password != nil else {
            throw Self.invalid("the password: a user without one cannot log in")
        }
    }

    private mutating func readOption(_ option: Substring) throws(RedisClientError) {
        let (name, value) = Self.split(option, at: "=")
        guard name == "sslrootcert" || name == "sslverify" else {
            throw Self.invalid("the options: only sslrootcert and sslverify are known")
        }
        guard tls else { throw Self.invalid("the option \(name): it needs the scheme rediss") }
        guard let value = Self.percentDecoded(value ?? ""), !value.isEmpty else {
            throw Self.invalid("the option \(name): it has no value")
        }
        if name == "sslrootcert" {
            self.rootCertificatePath = value
        } else {
            guard let verification = CertificateVerification(rawValue: value) else {
                throw Self.invalid("the option sslverify: it must be full, ca or none")
            }
            self.certificateVerification = verification
        }
    }

    private static func address(_ address: Substring, usualPort: Int) throws(RedisClientError) -> RedisAddress {
        let host: Substring
        let portText: Substring?
        if address.first == "[" {
            guard let end = address.firstIndex(of: "]") else { throw invalid("the host") }
            host = address[address.index(after: address.startIndex)..<end]
            let rest = address[address.index(after: end)...]
            guard rest.isEmpty || rest.first == ":" else { throw invalid("the host") }
            portText = rest.isEmpty ? nil : rest.dropFirst()
        } else {
            (host, portText) = split(address, at: ":")
        }
        guard !host.isEmpty, let decoded = percentDecoded(host) else { throw invalid("the host") }
        guard let portText else { return RedisAddress(host: decoded, port: usualPort) }
        guard let port = UInt16(portText), port > 0 else { throw invalid("the port: it must be 1 to 65535") }
        return RedisAddress(host: decoded, port: Int(port))
    }

    private static func split(_ text: Substring, at separator: Character) -> (Substring, Substring?) {
        guard let index = text.firstIndex(of: separator) else { return (text, nil) }
        return (text[..<index], text[text.index(after: index)...])
    }

    private static func percentDecoded(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst().flatMap({ Character(UnicodeScalar($0)).hexDigitValue }),
                let low = rest.popFirst().flatMap({ Character(UnicodeScalar($0)).hexDigitValue })
            else { return nil }
            bytes.append(UInt8(high << 4 | low))
        }
        return String(validating: bytes, as: UTF8.self)
    }

    private static func invalid(_ part: String) -> RedisClientError {
        RedisClientError(.invalidURL, "the Redis URL cannot be used because of \(part)", mayHaveRun: false)
    }
}
