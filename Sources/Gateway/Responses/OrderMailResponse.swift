import OrderRepository

/// A mail about an order in JSON.
struct OrderMailResponse: Encodable {
    struct Failure: Encodable {
        let code: String
        let message: String
    }

    let kind: String
    let state: String
    let attempts: Int
    let createdAt: String
    let sentAt: String?
    let failure: Failure?

    init(_ mail: OrderMail) {
        kind = mail.kind.rawValue
        state = mail.state.rawValue
        attempts = mail.attempts
        createdAt = Timestamp.text(mail.createdAt)
        sentAt = mail.sentAt.map(Timestamp.text)
        failure = mail.failureCode.map { Failure(code: $0, message: Self.message($0, mail.state)) }
    }

    /// What the mail server has said is for operators; the buyer is told what it comes to.
    private static func message(_ code: String, _ state: MailState) -> String {
        switch (code, state) {
        case ("refused", _): "The mail server of the address does not take it."
        case ("overtaken", _): "The order has changed since; another mail tells of it."
        case ("no_recipient", _): "The account no longer exists."
        case (_, .dead): "It could not be delivered, although it was tried for many hours."
        default: "It could not be delivered yet. It is tried again."
        }
    }
}
