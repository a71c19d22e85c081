/// Why a password could not be hashed or compared. "The password is wrong" is not among them: that is a `false`.
package struct PasswordError: Error, CustomStringConvertible {
    package enum Code: String, Sendable {
        /// The queue is full, or no processor has the time for it: 503, try again later.
        case busy
        /// Longer than `PasswordHasher.maximumPasswordBytes`.
        case passwordTooLong
        /// The stored text is not a scrypt hash string, or asks for more than is ever used.
        case malformedHash
        /// The caller's task was cancelled before the computation began.
        case cancelled
        /// libcrypto or the system refused; the message has its words.
        case library
    }

    package let code: Code
    package let message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { "\(code.rawValue): \(message)" }
}
