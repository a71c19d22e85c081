import Testing

@testable import RedisClient

@Suite struct RedisConfigurationTests {
    @Test("Every part of a URL is read")
    func full() throws {
        let configuration = try RedisConfiguration(
            url: "rediss://web:p%40ss%2F1@cache.example:6380/3?sslrootcert=/etc/ca%20file.pem&sslverify=ca")
        #expect(configuration.host == "cache.example")
        #expect(configuration.port == 6380)
        #expect(configuration.username == "web")
        #expect(configuration.password == "p@ss/1")
        #expect(configuration.database == 3)
        #expect(configuration.tls)
        #expect(configuration.rootCertificatePath == "/etc/ca file.pem")
        #expect(configuration.certificateVerification == .ca)
    }

    @Test("What a URL leaves out has its default")
    func defaults() throws {
        let configuration = try RedisConfiguration(url: "redis://localhost")
        #expect(configuration.host == "localhost")
        #expect(configuration.port == 6379)
        #expect(configuration.username == nil)
        #expect(configuration.password == nil)
        #expect(configuration.database == 0)
        #expect(!configuration.tls)
        #expect(configuration.certificateVerification == .full)
        #expect(configuration.greeting.map(\.arguments) == [["PING"]])
    }

    @Test("A password needs no user, an address may be IPv6, and a slash alone is no database")
    func variants() throws {
        let configuration = try RedisConfiguration(url: "REDIS://:secret@[::1]:7000/")
        #expect(configuration.host == "::1")
        #expect(configuration.port == 7000)
        #expect(configuration.username == nil)
        #expect(configuration.password == "secret")
        #expect(try RedisConfiguration(url: "redis://[::1]").port == 6379)
    }

    @Test("A cluster is found by any of its nodes, over TLS as well")
    func cluster() throws {
        let configuration = try RedisConfiguration(url: "redis-cluster://web:secret@a:1,[::1]:2,c")
        #expect(configuration.topology == .cluster)
        #expect(configuration.addresses.map(\.description) == ["a:1", "[::1]:2", "c:6379"])
        #expect(configuration.password == "secret")
        #expect("\(configuration)" == "redis-cluster://a:1,[::1]:2,c:6379")
        let secure = try RedisConfiguration(url: "rediss-cluster://a,b?sslverify=ca")
        #expect(secure.tls && secure.certificateVerification == .ca && secure.alternatives.count == 1)
        let node = secure.at(RedisAddress(host: "d", port: 4))
        #expect(node.topology == .server && node.tls && node.addresses.map(\.description) == ["d:4"])
    }

    @Test("Sentinels are asked for a primary by its name")
    func sentinels() throws {
        let configuration = try RedisConfiguration(url: "redis-sentinel://:secret@a,b:1/my%20primary/3")
        #expect(configuration.topology == .sentinels(primary: "my primary"))
        #expect(configuration.addresses.map(\.description) == ["a:26379", "b:1"])
        #expect(configuration.database == 3)
        #expect(configuration.password == "secret")
    }

    @Test("The greeting logs in, selects the database and asks for a sign of life")
    func greeting() throws {
        let configuration = try RedisConfiguration(url: "redis://web:secret@h/5")
        #expect(configuration.greeting.map(\.arguments) == [["AUTH", "web", "secret"], ["SELECT", "5"], ["PING"]])
    }

    @Test(
        "An error names the part that is wrong and quotes none of the URL",
        arguments: [
            ("localhost:6379", "scheme"),
            ("http://:hunter2@localhost", "scheme"),
            ("redis-other://:hunter2@h", "scheme"),
            ("redis-cluster-x://:hunter2@h", "scheme"),
            ("redis://:hunter2@a:1,b:2", "port"),
            ("redis-cluster://:hunter2@a,", "host"),
            ("redis-cluster://:hunter2@a,b:x", "port"),
            ("redis-cluster://:hunter2@a,b/1", "database"),
            ("redis-sentinel://:hunter2@a", "path"),
            ("redis-sentinel://:hunter2@a/name/x", "database"),
            ("redis://:hunter2@", "host"),
            ("redis://:hunter2@[::1", "host"),
            ("redis://:hunter2@h:0", "port"),
            ("redis://:hunter2@h:65536", "port"),
            ("redis://:hunter2@h:hunter2", "port"),
            ("redis://:hun/ter2@h:6379", "host"),
            ("redis://:hunter2@h/first", "database"),
            ("redis://:hunter2@h/-1", "database"),
            ("redis://:hunter2%@h", "password"),
            ("redis://:hunter2%zz@h", "password"),
            ("redis://hunter2@h", "password"),
            ("redis://:hunter2@h#x", "fragment"),
            ("redis://:hunter2@h?hunter2=1", "options"),
            ("redis://:hunter2@h?sslverify=none", "sslverify"),
            ("rediss://:hunter2@h?sslverify=hunter2", "sslverify"),
            ("rediss://:hunter2@h?sslrootcert", "sslrootcert"),
        ])
    func invalid(_ url: String, _ part: String) {
        let error = #expect(throws: RedisClientError.self) { try RedisConfiguration(url: url) }
        #expect(error?.code == .invalidURL)
        #expect(error?.mayHaveRun == false)
        #expect(error?.message.contains(" \(part)") == true)
        #expect(error.map { "\($0)" }?.contains("hun") == false)
    }

    @Test("A configuration prints without its password")
    func printed() throws {
        let configuration = try RedisConfiguration(url: "redis://web:hunter2@h:1/2")
        #expect("\(configuration)" == "redis://h:1/2")
        #expect(!String(reflecting: configuration).contains("hunter2"))
    }
}

@Suite struct BackoffTests {
    @Test("Pauses double up to the maximum, each from its upper half, and start over after a success")
    func pauses() {
        var backoff = Backoff(minimum: .milliseconds(50), maximum: .milliseconds(300))
        var generator = SystemRandomNumberGenerator()
        for whole in [50, 100, 200, 300, 300] {
            let pause = backoff.next(using: &generator)
            #expect(pause >= .milliseconds(whole) / 2 && pause <= .milliseconds(whole))
        }
        backoff.reset()
        #expect(backoff.next(using: &generator) <= .milliseconds(50))
    }
}

@Suite struct RedisValueTests {
    @Test("Values are seen as text, integers and arrays where they are some")
    func views() {
        #expect(RESPValue.bytes(Array("12".utf8)).integer == 12)
        #expect(RESPValue.bytes(Array("x".utf8)).integer == nil)
        #expect(RESPValue.status("OK").string == "OK")
        #expect(RESPValue.integer(-3).string == "-3")
        #expect(RESPValue.null.string == nil)
        #expect(RESPValue.array([.null]).array == [.null])
        #expect(RESPValue.integer(1).array == nil)
    }

    @Test("An error that comes before execution did not run; one that may come from inside a script may have")
    func refusals() {
        for message in [
            "NOSCRIPT No matching script", "LOADING Redis is loading", "NOAUTH Authentication required.",
            "TRYAGAIN Multiple keys request", "READONLY You can't write against a read only replica.",
        ] {
            #expect(!RedisClientError(RedisServerError(message: message)).mayHaveRun)
        }
        for message in ["ERR user_script:1", "WRONGTYPE Operation", "OOM command not allowed", "MISCONF errors"] {
            #expect(RedisClientError(RedisServerError(message: message)).mayHaveRun)
        }
        #expect(RedisServerError(message: "WRONGTYPE Operation").prefix == "WRONGTYPE")
        #expect(RedisServerError(message: "BARE").prefix == "BARE")
    }
}
