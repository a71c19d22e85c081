package import OnsaleConfiguration

/// The mail server that mails are handed to.
///
/// | variable | default | allowed | secret |
/// | --- | --- | --- | --- |
/// | `SMTP_HOST` | required | a name or an address | no |
/// | `SMTP_PORT` | 587; 465 with `SMTP_TLS=implicit` | 1 to 65535 | no |
/// | `SMTP_TLS` | `required` | `required` and `optional` (STARTTLS), `implicit`, `none` | no |
/// | `SMTP_CA_FILE` | the system's | a PEM file of the authorities to trust | no |
/// | `SMTP_USER`, `SMTP_PASSWORD` | none | both or none, and only with TLS `required` or `implicit` | the password |
/// | `SMTP_TIMEOUT` | 30 s | 1 s to 5 min: for one mail, connecting included | no |
/// | `SMTP_CONNECTIONS` | 4 | 1 to 64 | no |
package struct SMTPConfiguration: Sendable {
    package enum TLS: String, Sendable, CaseIterable {
        /// The connection is encrypted by STARTTLS, or not used.
        case required
        /// STARTTLS where the server has it: no protection from somebody who is between.
        case optional
        /// TLS from the first byte.
        case implicit
        case none
    }

    package struct Credentials: Sendable {
        package var user: String
        package var password: Secret

        package init(user: String, password: Secret) {
            self.user = user
            self.password = password
        }
    }

    package var host: String
    package var port: Int
    package var tls: TLS
    package var authorityFile: String?
    package var credentials: Credentials?
    package var timeout: Duration = .seconds(30)
    /// Mails under way at once, each on a connection and a thread of its own.
    package var connections = 4

    package init(
        host: String, port: Int, tls: TLS = .required, authorityFile: String? = nil, credentials: Credentials? = nil
    ) {
        self.host = host
        self.port = port
        self.tls = tls
        self.authorityFile = authorityFile
        self.credentials = credentials
    }

    package init(config: ConfigReader) throws(ConfigurationError) {
        let host = try config.required("smtp.host", as: String.self, allowed: "a host name or an address") { text in
            text.utf8.allSatisfy { (0x21...0x7e).contains($0) && !"/@?#\\".utf8.contains($0) } ? text : nil
        }
        let tls = try config.choice("smtp.tls", default: TLS.required)
        self.init(
            host: host, port: try config.int("smtp.port", default: tls == .implicit ? 465 : 587, in: 1...65_535),
            tls: tls, authorityFile: config.optional("smtp.ca.file"))
        timeout = try config.duration("smtp.timeout", default: timeout, in: .seconds(1) ... .seconds(300))
        connections = try config.int("smtp.connections", default: connections, in: 1...64)
        let user = config.optional("smtp.user")
        let password = config.optional("smtp.password", isSecret: true)
        guard let user, let password else {
            guard user == nil, password == nil else {
                throw ConfigurationError(
                    .missing, subject: user == nil ? "SMTP_USER" : "SMTP_PASSWORD",
                    allowed: "given together with \(user == nil ? "SMTP_PASSWORD" : "SMTP_USER")")
            }
            return
        }
        // Else whoever is between could read the password, or take STARTTLS out of the server's offer and read it then.
        guard tls == .required || tls == .implicit else {
            throw ConfigurationError(
                .invalid, subject: "SMTP_TLS", given: tls.rawValue, allowed: "required or implicit with a password")
        }
        credentials = Credentials(user: user, password: Secret(bytes: Array(password.utf8)))
    }
}
