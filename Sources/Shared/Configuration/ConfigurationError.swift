/// A setting that cannot be used: which variable, what was given and what is allowed.
package struct ConfigurationError: Error, Equatable, CustomStringConvertible {
    package enum Code: String, Sendable {
        /// A required variable is unset or empty.
        case missing
        /// A variable's value is not of the allowed form.
        case invalid
        /// The `.env` file is there but cannot be read.
        case unreadableFile
    }

    package let code: Code
    /// The variable (`DATABASE_URL`) or, for `unreadableFile`, the path.
    package let subject: String
    /// The value as given; nil when there was none or when it is a secret.
    package let given: String?
    /// What would have been accepted, in words.
    package let allowed: String

    package init(_ code: Code, subject: String, given: String? = nil, allowed: String) {
        self.code = code
        self.subject = subject
        self.given = given
        self.allowed = allowed
    }

    package var description: String {
        switch code {
        case .missing:
            return "\(subject) is not set; it must be \(allowed)"
        case .invalid:
            return "\(subject) is \(given.map { "\"\($0)\"" } ?? "not usable (value withheld)"); it must be \(allowed)"
        case .unreadableFile:
            return "\(subject) cannot be read; it must be \(allowed)"
        }
    }
}
