import Ticketing

/// Reads the fields of an account and collects what is wrong with them.
struct AccountFields {
    private(set) var errors: [FieldError] = []

    mutating func email(_ text: String?) -> EmailAddress? {
        guard let text = required(text, "email") else { return nil }
        let address = EmailAddress(text)
        if address == nil { errors.append(FieldError("email", "must be an e-mail address")) }
        return address
    }

    /// A password to be set.
    mutating func password(_ text: String?, field: String = "password") -> String? {
        guard let text = required(text, field) else { return nil }
        guard Limits.password.contains(text.unicodeScalars.count) else {
            errors.append(FieldError(field, "must have 8 to 256 characters"))
            return nil
        }
        return text
    }

    mutating func name(_ text: String?) -> String? {
        guard let text else { return nil }
        let isPlain = text.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7f }
        if !Limits.name.contains(text.unicodeScalars.count) || !isPlain {
            errors.append(FieldError("name", "must have 1 to 200 characters, none of them a control character"))
        }
        return text
    }

    mutating func role(_ text: String?) -> Role? {
        guard let text else { return nil }
        let role = Role(rawValue: text)
        if role == nil { errors.append(FieldError("role", "must be one of user, admin")) }
        return role
    }

    mutating func required(_ text: String?, _ field: String) -> String? {
        if text == nil { errors.append(FieldError(field, "is missing")) }
        return text
    }

    /// - Throws: `validation_failed` with everything that was found.
    func check() throws(Problem) {
        guard errors.isEmpty else { throw Problem.validation(errors) }
    }
}
