import Foundation
import TestSupport
import Testing

@testable import RedisClient

/// Passwords, databases and TLS.
@Suite struct RedisLogInTests {
    @Test("A password lets in, a wrong one or none does not, and no error shows it")
    func password() async throws {
        var options = RedisServer.Options()
        options.password = "s3cret"
        let server = try await RedisServer(options)
        #expect(try await withClient(server.url) { try await $0.send(RedisCommand("PING")) } == .status("PONG"))
        for (url, prefix) in [
            (server.url.replacing("s3cret", with: "wr0ng"), "WRONGPASS"),
            (server.url.replacing(":s3cret@", with: ""), "NOAUTH"),
        ] {
            try await withClient(url) { client in
                var error: RedisClientError?
                try await eventually("the refusal is told") {
                    error = try await redisError {
                        _ = try await client.send(RedisCommand("PING"), timeout: .milliseconds(200))
                    }
                    return (error?.underlying as? RedisClientError)?.serverError?.prefix == prefix
                }
                #expect(error?.code == .notConnected)
                #expect(error?.mayHaveRun == false)
                #expect(error.map { "\($0)" }?.contains("wr0ng") == false)
            }
        }
    }

    @Test("A user with a password is logged in as that user, on every new connection")
    func user() async throws {
        let server = try await RedisServer()
        try await withClient(server.url) { client in
            _ = try await client.send(RedisCommand("ACL", "SETUSER", "web", "on", ">p@ss", "~*", "&*", "+@all"))
        }
        let url = server.url.replacing("redis://", with: "redis://web:p%40ss@")
        try await withClient(url) { client in
            #expect(try await client.send(RedisCommand("ACL", "WHOAMI")).string == "web")
            let user = try await client.withBlockingConnection(for: "key") {
                try await $0.send(RedisCommand("ACL", "WHOAMI")).string
            }
            #expect(user == "web")
        }
    }

    @Test("The database of the URL is selected, and again after a reconnect")
    func database() async throws {
        let server = try await RedisServer()
        let url = server.url.replacing("/0", with: "/3")
        try await withClient(url) { client in
            _ = try await client.send(RedisCommand("SET", "k", "in 3"))
            let id = try await client.connectionID()
            _ = try await redisError {
                _ = try await client.send(RedisCommand("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "no"))
            }
            try await eventually("a new connection") {
                // The old one may still take a command and be closed under it.
                do { return try await client.connectionID() != id } catch let error as RedisClientError
                    where error.code == .connectionLost
                { return false }
            }
            #expect(try await client.send(RedisCommand("GET", "k")).string == "in 3")
        }
        #expect(try await withClient(server.url) { try await $0.send(RedisCommand("EXISTS", "k")).integer } == 0)
    }

    @Test("TLS works with the authority's certificate, and fails without it unless nothing is verified")
    func tls() async throws {
        var options = RedisServer.Options()
        options.tls = true
        let server = try await RedisServer(options)
        let byName = server.url.replacing("127.0.0.1", with: "localhost")
        let unverified = "rediss://127.0.0.1:\(server.port)?sslverify=none"
        for url in [server.url, byName, unverified] {
            try await withClient(url) { client in
                let large = String(repeating: "x", count: 300_000)
                _ = try await client.send(RedisCommand("SET", "k", RedisArgument(large)))
                #expect(try await client.send(RedisCommand("GET", "k")).string == large)
            }
        }
        for url in ["rediss://127.0.0.1:\(server.port)", "redis://127.0.0.1:\(server.port)"] {
            let error = try await withClient(url) { client in
                try await redisError { _ = try await client.send(RedisCommand("PING"), timeout: .seconds(1)) }
            }
            #expect(error?.code == .notConnected)
        }
    }

    @Test("A certificate for another name is refused by `full` and accepted by `ca`")
    func hostName() async throws {
        var options = RedisServer.Options()
        options.tls = true
        options.arguments = ["--bind", "127.0.0.1", "127.0.0.2"]
        let server = try await RedisServer(options)
        // 127.0.0.2 is the same interface, and not in the certificate.
        let url = server.url.replacing("127.0.0.1", with: "127.0.0.2")
        let error = try await redisError {
            try await withClient(url) { _ = try await $0.send(RedisCommand("PING"), timeout: .seconds(1)) }
        }
        #expect(error?.code == .notConnected)
        let reply = try await withClient(url + "&sslverify=ca") { try await $0.send(RedisCommand("PING")) }
        #expect(reply == .status("PONG"))
    }
}
