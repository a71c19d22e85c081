import OnsaleConfiguration
import Testing

@testable import Mail

@Suite struct MailConfigurationTests {
    private static let complete = [
        "MAIL_PROVIDER": "smtp", "MAIL_FROM": "Onsale <tickets@example.org>",
        "MAIL_PUBLIC_URL": "https://tickets.example/", "SMTP_HOST": "mail.example.org", "SMTP_USER": "onsale",
        "SMTP_PASSWORD": "secret word",
    ]

    private static func read(_ changes: [String: String]) async throws -> MailConfiguration {
        let variables = complete.merging(changes) { $1 }
        return try MailConfiguration(
            config: try await ConfigReader.onsale(dotEnv: "/nonexistent", environment: variables))
    }

    @Test func `Without any variable mails are noted in the log`() async throws {
        let config = try await ConfigReader.onsale(dotEnv: "/nonexistent", environment: [:])
        #expect(try MailConfiguration(config: config).smtp == nil)
    }

    @Test func `SMTP is encrypted unless asked for otherwise`() async throws {
        let configuration = try await Self.read([:])
        let smtp = try #require(configuration.smtp)
        #expect(smtp.tls == .required)
        #expect(smtp.port == 587)
        #expect(smtp.credentials?.user == "onsale")
        #expect(configuration.from.name == "Onsale")
        #expect(configuration.publicURL == "https://tickets.example")
        #expect(try await Self.read(["SMTP_TLS": "implicit"]).smtp?.port == 465)
    }

    @Test(arguments: [
        ("SMTP_HOST", "", "SMTP_HOST"), ("SMTP_HOST", "mail.example.org/x", "SMTP_HOST"),
        ("SMTP_TLS", "yes", "SMTP_TLS"),
        ("SMTP_TLS", "none", "SMTP_TLS"), ("SMTP_TLS", "optional", "SMTP_TLS"), ("SMTP_USER", "", "SMTP_USER"),
        ("SMTP_PASSWORD", "", "SMTP_PASSWORD"), ("MAIL_FROM", "", "MAIL_FROM"), ("MAIL_FROM", "tickets", "MAIL_FROM"),
        ("MAIL_PUBLIC_URL", "", "MAIL_PUBLIC_URL"), ("MAIL_PUBLIC_URL", "tickets.example", "MAIL_PUBLIC_URL"),
        ("MAIL_PUBLIC_URL", "javascript:alert(1)", "MAIL_PUBLIC_URL"), ("MAIL_PROVIDER", "pigeon", "MAIL_PROVIDER"),
        ("MAIL_RATE", "0", "MAIL_RATE"),
    ])
    func `What cannot be is named`(_ variable: String, _ value: String, _ subject: String) async throws {
        let error = await #expect(throws: ConfigurationError.self) { try await Self.read([variable: value]) }
        #expect(error?.subject == subject)
        #expect(error.map { "\($0)".contains("secret word") } == false)
    }

    @Test func `A password does not show when the settings are printed`() async throws {
        #expect(!"\(try await Self.read([:]))".contains("secret word"))
    }
}
