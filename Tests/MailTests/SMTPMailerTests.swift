import Foundation
import OnsaleConfiguration
import TestSupport
import Testing

@testable import Mail

/// Against a real mail server, aiosmtpd.
@Suite struct SMTPMailerTests {
    private static func configuration(
        _ server: SMTPServer, _ tls: SMTPConfiguration.TLS = .required, password: String = SMTPServer.password
    ) -> SMTPConfiguration {
        var configuration = SMTPConfiguration(
            host: "localhost", port: server.port, tls: tls, authorityFile: server.certificate.path,
            credentials: .init(user: SMTPServer.user, password: Secret(bytes: Array(password.utf8))))
        configuration.timeout = .seconds(30)
        return configuration
    }

    private static func failure(
        _ configuration: SMTPConfiguration, _ message: MailMessage = .sample()
    ) async throws -> MailError? {
        let mailer = try SMTPMailer(configuration: configuration)
        do throws(MailError) {
            try await mailer.send(message)
            return nil
        } catch {
            return error
        }
    }

    @Test(arguments: [(SMTPServer.TLS.starttls, SMTPConfiguration.TLS.required), (.implicit, .implicit)])
    func `Mails arrive encrypted and by a log-in`(_ server: SMTPServer.TLS, _ tls: SMTPConfiguration.TLS) async throws {
        let server = try await SMTPServer(tls: server)
        let mailer = try SMTPMailer(configuration: Self.configuration(server, tls))
        let text = "Hello.\n.\n..dots\n" + String(repeating: "grüße ", count: 2_000) + "\n"
        for number in 1...3 { try await mailer.send(.sample(id: "\(number)", text: text)) }
        let mails = try server.accepted()
        #expect(mails.map(\.id) == ["<1@example.org>", "<2@example.org>", "<3@example.org>"])
        for mail in mails {
            #expect(mail.tls == true)
            #expect(mail.user == SMTPServer.user)
            #expect(mail.sender == "tickets@example.org")
            #expect(mail.receivers == ["ada@example.com"])
            #expect(mail.defects == [])
            #expect(mail.text("text/plain")?.replacing("\r\n", with: "\n") == text)
        }
    }

    @Test func `Without TLS mails arrive where that is allowed, and nowhere else`() async throws {
        let server = try await SMTPServer(tls: .none)
        for tls in [SMTPConfiguration.TLS.none, .optional] {
            #expect(try await Self.failure(.init(host: "127.0.0.1", port: server.port, tls: tls)) == nil)
        }
        let error = try await Self.failure(.init(host: "127.0.0.1", port: server.port, tls: .required))
        #expect(error?.code == .unavailable)
        #expect(try server.accepted().map(\.tls) == [false, false])
    }

    @Test func `A server whose certificate nobody vouches for gets no mail and no password`() async throws {
        let server = try await SMTPServer()
        var configuration = Self.configuration(server)
        configuration.authorityFile = nil
        #expect(try await Self.failure(configuration)?.code == .unavailable)
        #expect(try server.attempts().isEmpty)
    }

    /// The mail is not to blame, so it must not be given up on.
    @Test func `A wrong password is no refusal of the mail, and is not told`() async throws {
        let server = try await SMTPServer()
        let error = try await Self.failure(Self.configuration(server, password: "a wrong password"))
        #expect(error?.code == .unavailable)
        #expect(error?.message.contains("AUTH: 535") == true, "\(String(describing: error))")
        #expect(error?.message.contains("wrong password") == false)
    }

    @Test(arguments: [
        ("unknown@example.com", MailError.Code.refused, "RCPT: 550"), ("spam@example.com", .refused, "DATA: 554"),
        ("busy@example.com", .deferred, "RCPT: 451"),
    ])
    func `What the server says decides whether it is asked again`(
        _ receiver: String, _ code: MailError.Code, _ words: String
    ) async throws {
        let server = try await SMTPServer()
        let error = try await Self.failure(Self.configuration(server), .sample(to: receiver))
        #expect(error?.code == code)
        #expect(error?.message.contains(words) == true, "\(String(describing: error))")
        #expect(error?.message.contains(receiver) == false, "addresses are kept out of logs")
        #expect(try server.accepted().isEmpty)
    }

    @Test func `After each kind of failure the next mail arrives on the same mailer`() async throws {
        let server = try await SMTPServer(failEvery: 2)
        let mailer = try SMTPMailer(configuration: Self.configuration(server))
        var codes: [MailError.Code?] = []
        for number in 1...8 {
            do throws(MailError) {
                try await mailer.send(.sample(id: "\(number)"))
                codes.append(nil)
            } catch {
                codes.append(error.code)
            }
        }
        #expect(codes == [nil, .deferred, nil, .deferred, nil, .unavailable, nil, .unavailable])
        // The last was taken over, but the word of it was lost.
        #expect(try server.accepted().map(\.id) == [1, 3, 5, 7, 8].map { "<\($0)@example.org>" })
    }

    @Test func `A server that is not there is tried again later`() async throws {
        let error = try await Self.failure(.init(host: "127.0.0.1", port: try freePort()))
        #expect(error?.code == .unavailable)
    }

    @Test func `A server that never answers costs the timeout and no more`() async throws {
        let server = try await SMTPServer()
        var configuration = Self.configuration(server)
        configuration.timeout = .seconds(2)
        let start = ContinuousClock.now
        let error = try await Self.failure(configuration, .sample(to: "slow@example.com"))
        #expect(error?.code == .unavailable)
        #expect(ContinuousClock.now - start < .seconds(30))
    }

    @Test func `A mail that nobody waits for any more is given up within a moment`() async throws {
        let server = try await SMTPServer()
        var configuration = Self.configuration(server)
        configuration.timeout = .seconds(300)
        let mailer = try SMTPMailer(configuration: configuration)
        let task = Task { try await mailer.send(.sample(to: "slow@example.com")) }
        try await eventually("the mail is under way") { try server.attempts().count == 1 }
        task.cancel()
        let error = await #expect(throws: MailError.self) { try await task.value }
        #expect(error?.code == .cancelled)
    }

    /// No more at once than there are connections; the others wait their turn.
    @Test func `Many mails at once all arrive`() async throws {
        let server = try await SMTPServer()
        let mailer = try SMTPMailer(configuration: Self.configuration(server))
        try await withThrowingDiscardingTaskGroup { group in
            for number in 0..<50 { group.addTask { try await mailer.send(.sample(id: "\(number)")) } }
        }
        #expect(Set(try server.accepted().map(\.id)) == Set((0..<50).map { "<\($0)@example.org>" }))
    }
}
