package import OnsaleConfiguration

/// What a password hash costs, and how many are computed at once.
///
/// | variable | default | allowed |
/// | --- | --- | --- |
/// | `PASSWORD_SCRYPT_LN` | 15 | 10 to 20: log2 of scrypt's N |
/// | `PASSWORD_SCRYPT_P` | 3 | 1 to 16 |
/// | `PASSWORD_THREADS` | 1 | 1 to 16 |
/// | `PASSWORD_QUEUE` | 32 | 1 to 10000 |
package struct PasswordConfiguration: Sendable {
    package var parameters: ScryptParameters
    /// Hashes computed at the same time. Each occupies two threads, of which one waits, and `parameters.memory` bytes.
    package var threads: Int
    /// Hashes waiting for a thread. One more is refused as `busy`; one that would not be done in time is, too, which with
    /// one thread and the standard parameters comes first.
    package var queueLimit: Int

    package init(parameters: ScryptParameters = .standard, threads: Int = 1, queueLimit: Int = 32) {
        self.parameters = parameters
        self.threads = threads
        self.queueLimit = queueLimit
    }

    package init(config: ConfigReader) throws(ConfigurationError) {
        let standard = ScryptParameters.standard
        self.init(
            parameters: ScryptParameters(
                logN: try config.int("password.scrypt.ln", default: standard.logN, in: 10...20), r: standard.r,
                p: try config.int("password.scrypt.p", default: standard.p, in: 1...16)),
            threads: try config.int("password.threads", default: 1, in: 1...16),
            queueLimit: try config.int("password.queue", default: 32, in: 1...10_000))
    }
}
