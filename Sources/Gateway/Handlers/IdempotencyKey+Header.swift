import Ticketing

extension IdempotencyKey {
    /// What the header `Idempotency-Key` says; nil without one.
    static func read(_ header: String?) throws(Problem) -> IdempotencyKey? {
        guard let header else { return nil }
        guard let key = IdempotencyKey(header) else {
            throw Problem.validation([
                FieldError(
                    "Idempotency-Key",
                    "must have 1 to \(IdempotencyKey.maximumLength) visible ASCII characters, without spaces")
            ])
        }
        return key
    }
}
