package import OnsaleConfiguration

/// How mails are sent. `SMTPConfiguration` has the mail server's part.
///
/// | variable | default | allowed | secret |
/// | --- | --- | --- | --- |
/// | `MAIL_PROVIDER` | `log` | `log`, `smtp` | no |
/// | `MAIL_FROM` | required for `smtp` | `tickets@example.org` or `Onsale <tickets@example.org>` | no |
/// | `MAIL_PUBLIC_URL` | required for `smtp` | the web app's `http://` or `https://` address, for links | no |
/// | `MAIL_RATE` | 50 | 1 to 10000: mails a second, of each worker | no |
package struct MailConfiguration: Sendable {
    package enum Provider: String, Sendable, CaseIterable {
        case log, smtp
    }

    /// nil when mails are only noted in the log.
    package var smtp: SMTPConfiguration?
    package var from: Mailbox
    /// Without a slash at the end.
    package var publicURL: String
    /// Providers have a limit, beyond which they refuse; and a worker has a sale to run: 50 mails take it about a
    /// twentieth of a core.
    package var rate = 50

    package init(smtp: SMTPConfiguration?, from: Mailbox, publicURL: String) {
        self.smtp = smtp
        self.from = from
        self.publicURL = publicURL
    }

    package init(config: ConfigReader) throws(ConfigurationError) {
        let provider = try config.choice("mail.provider", default: Provider.log)
        let isLogged = provider == .log
        let from = "an address as in tickets@example.org or Onsale <tickets@example.org>"
        let url = "an address as in https://tickets.example.org"
        self.init(
            smtp: isLogged ? nil : try SMTPConfiguration(config: config),
            from: try Self.value(config, "mail.from", isLogged ? "onsale@localhost.localdomain" : nil, from) {
                Mailbox($0)
            },
            publicURL: try Self.value(config, "mail.public.url", isLogged ? "http://127.0.0.1:8080" : nil, url) {
                Self.base($0)
            })
        rate = try config.int("mail.rate", default: rate, in: 1...10_000)
    }

    /// A required value, unless there is a default for it.
    private static func value<Value>(
        _ config: ConfigReader, _ key: ConfigKey, _ fallback: String?, _ allowed: String, parse: (String) -> Value?
    ) throws(ConfigurationError) -> Value {
        if config.optional(key) == nil, let fallback, let value = parse(fallback) { return value }
        return try config.required(key, as: Value.self, allowed: allowed, parse: parse)
    }

    private static func base(_ text: String) -> String? {
        guard text.hasPrefix("https://") || text.hasPrefix("http://"),
            text.utf8.allSatisfy({ (0x21...0x7e).contains($0) && !"<>\"'?#".utf8.contains($0) })
        else { return nil }
        let base = text.hasSuffix("/") ? String(text.dropLast()) : text
        return base.hasSuffix("/") ? nil : base
    }
}
