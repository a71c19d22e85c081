import Foundation
import TestSupport
import Testing

@testable import PostgresClient

@Suite(.serialized) struct AuthenticationTests {
    @Test func tlsIsUsedAndTheCertificateChecked() async throws {
        let server = try await blocking { try PostgresServer(authentication: .password, tls: true) }
        let certificate = try #require(server.certificate).path
        let accepted = [
            "sslmode=require", "sslmode=verify-ca&sslrootcert=\(certificate)",
            "sslmode=verify-full&sslrootcert=\(certificate)",
        ]
        for parameters in accepted {
            try await withClient(url: server.url(database: "postgres", parameters: parameters)) { client in
                let version = try await client.value(
                    "SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid()", as: String?.self)
                #expect(version?.hasPrefix("TLS") == true, "\(parameters)")
                let deadline = try await failure {
                    try await client.query("SELECT pg_sleep(60)", timeout: .milliseconds(50))
                }
                #expect(deadline?.code == .deadlineExceeded)
                #expect(try await client.query("SELECT repeat('x', 10000000)").rows.count == 1)
            }
        }
        let other = try await blocking { try PostgresServer(tls: true) }
        let stranger = try #require(other.certificate).path
        let parameters = "sslmode=verify-ca&sslrootcert=\(stranger)"
        try await withClient(
            url: server.url(database: "postgres", parameters: parameters),
            configure: { $0.acquireTimeout = .milliseconds(300) }
        ) { client in
            let error = try await failure { try await client.query("SELECT 1") }
            #expect(error?.code == .connection)
            #expect(error?.message.contains("certificate") == true)
        }
        try await blocking { other.stop() }
        try await blocking { server.stop() }
    }

    @Test func aServerWithoutTLSIsRefusedWhereItIsRequired() async throws {
        let server = try await blocking { try PostgresServer.shared }
        let url = server.url(database: "postgres", parameters: "sslmode=require")
        try await withClient(url: url, configure: { $0.acquireTimeout = .milliseconds(300) }) { client async throws in
            #expect(try await failure { try await client.query("SELECT 1") }?.code == .connection)
        }
    }

    @Test func theUnixSocketIsReachedByURL() async throws {
        try await withClient(url: try await blocking { try PostgresServer.shared.socketURL }) { client async throws in
            #expect(try await client.value("SELECT inet_client_addr() IS NULL", as: Bool.self))
        }
    }

    @Test func aWrongPasswordFailsAtOnceAndIsNotShown() async throws {
        let server = try await blocking { try PostgresServer(authentication: .password) }
        try await withClient(url: server.url) { client async throws in
            #expect(try await client.value("SELECT 7::int8", as: Int.self) == 7)
        }
        let url = "postgres://\(PostgresServer.user):hunter2@127.0.0.1:\(server.port)/postgres"
        try await withClient(url: url) { client in
            let start = ContinuousClock.now
            let error = try await failure { try await client.query("SELECT 1") }
            #expect(ContinuousClock.now - start < .seconds(30))
            #expect(error?.code == .connection)
            #expect(error?.sqlState == .invalidPassword)
            #expect(error?.isTransient == false)
            #expect(error.map { "\($0)".contains("hunter2") } == false)
        }
        try await blocking { server.stop() }
    }
}
