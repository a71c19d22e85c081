/// Where the server is, how to log in, and every bound of the client.
package struct RedisConfiguration: Sendable {
    /// How much of the server's certificate is checked on a TLS connection.
    package enum CertificateVerification: String, Sendable {
        /// The chain up to a trusted root and the host name.
        case full
        /// The chain only.
        case ca
        /// Nothing: the connection is encrypted, but whoever answers is believed.
        case none
    }

    /// How the server that takes the commands is found.
    package enum Topology: Sendable, Hashable {
        /// It is the one at `host` and `port`.
        case server
        /// Each slot's primary is, and any node of the cluster tells which that is.
        case cluster
        /// The one that sentinels name as the primary of this name.
        case sentinels(primary: String)
    }

    package var topology = Topology.server
    /// The server, or the first of the nodes or sentinels to ask.
    package var host: String
    package var port: Int
    /// Further nodes or sentinels to ask.
    package var alternatives: [RedisAddress] = []
    package var username: String?
    package var password: String?
    /// The numbered database that every connection selects.
    package var database: Int
    package var tls: Bool
    package var certificateVerification = CertificateVerification.full
    /// A PEM file of the certificate authorities to trust instead of the system's.
    package var rootCertificatePath: String?

    /// How many connections carry the commands of `send` and `pipeline`. One carries more than one core can produce;
    /// more than one gives up that commands sent one after another also run in that order.
    package var sharedConnections = 1
    /// How many commands one connection holds at most, waiting or sent, before it answers `overloaded`.
    ///
    /// 16,384 is 0.4 s of work at 40,000 commands a second, and 16 MB at 1 kB a command.
    package var maxInFlight = 16_384
    /// How long a command may take unless its caller says otherwise, waiting for a connection included.
    package var commandTimeout = Duration.seconds(5)
    /// How long connecting may take, and again the log-in after it.
    package var connectTimeout = Duration.seconds(2)
    /// How long the server may send nothing at all, once a command's deadline has passed, before the connection
    /// counts as dead and is replaced. Commands with a deadline shorter than this can so time out behind one slow
    /// command without costing the others their connection.
    package var silenceLimit = Duration.seconds(2)
    /// How often an idle subscription connection is probed; one unanswered probe later it counts as dead.
    package var keepAliveInterval = Duration.seconds(2)
    /// The pause before connecting again, doubled after each failure up to the maximum, and always drawn at random
    /// from its upper half so that many clients do not come back at once.
    package var reconnectMinimum = Duration.milliseconds(50)
    package var reconnectMaximum = Duration.seconds(2)
    /// How often the cluster's slot map is read when nothing seems to have changed. It is read within 0.1 s after a
    /// redirection, a lost connection or a deadline that passed.
    package var topologyInterval = Duration.seconds(2)
    /// How many replicas must have what a command marked `confirmedByReplicas` wrote before its reply counts; 0 asks
    /// none.
    package var waitReplicas = 0
    /// How long the replicas may take. Meanwhile the server runs nothing else of this connection.
    package var waitTimeout = Duration.milliseconds(500)
    /// How many pushes a subscription holds for a slow reader before it drops the oldest.
    package var subscriptionBuffer = 1024
    /// What measures the calls on shared connections; nil: nothing is measured.
    package var metrics: RedisMetrics?

    /// A server without a password on a plain connection.
    package init(host: String, port: Int = 6379) {
        self.host = host
        self.port = port
        self.database = 0
        self.tls = false
    }

    /// Everyone who may be asked where the commands go.
    var addresses: [RedisAddress] { [RedisAddress(host: host, port: port)] + alternatives }

    /// The same for connections that are not shared, on which commands wait on purpose.
    var unmeasured: RedisConfiguration {
        var configuration = self
        configuration.metrics = nil
        return configuration
    }

    /// The same for one server at `address`.
    func at(_ address: RedisAddress) -> RedisConfiguration {
        var configuration = self
        configuration.topology = .server
        configuration.host = address.host
        configuration.port = address.port
        configuration.alternatives = []
        return configuration
    }
}

extension RedisConfiguration {
    /// The commands a new connection starts with; each must succeed. The `PING` shows that the server is not loading.
    var greeting: [RedisCommand] {
        var commands: [RedisCommand] = []
        if let password {
            commands.append(
                username.map { RedisCommand("AUTH", RedisArgument($0), RedisArgument(password)) }
                    ?? RedisCommand("AUTH", RedisArgument(password)))
        }
        if database != 0 {
            commands.append(RedisCommand("SELECT", RedisArgument(database)))
        }
        commands.append(RedisCommand("PING"))
        return commands
    }
}

extension RedisConfiguration: CustomStringConvertible, CustomDebugStringConvertible {
    /// The address without user and password.
    package var description: String {
        let scheme = tls ? "rediss" : "redis"
        let list = addresses.map(\.description).joined(separator: ",")
        return switch topology {
        case .server: "\(scheme)://\(list)/\(database)"
        case .cluster: "\(scheme)-cluster://\(list)"
        case .sentinels(let primary): "\(scheme)-sentinel://\(list)/\(primary)"
        }
    }
    package var debugDescription: String { description }
}
