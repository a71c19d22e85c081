import Foundation
import HTTPTypes
import Hummingbird
import Security
import Ticketing

/// How a refresh token travels: in the body, or, for web pages, in a cookie that no script can read.
///
/// The cookie is sent by browsers to our own pages' requests alone (`SameSite=Strict`) and to `/api/auth` alone.
/// Whoever uses it, or wants to be given it, must also send a field of the header that no form can send and no page of
/// another origin may send: else a page could sign its visitors in to an account of its own.
enum SessionTransport: String, Sendable {
    case token, cookie

    static let cookieName = "onsale_refresh"

    /// - Parameter field: The `session` of a body; nil means in the body.
    /// - Throws: 403 for a cookie without `X-Onsale-Session: cookie`.
    init(field: String?, of request: Request) throws(Problem) {
        guard let transport = SessionTransport(rawValue: field ?? Self.token.rawValue) else {
            throw Problem.validation([FieldError("session", "must be one of token, cookie")])
        }
        if transport == .cookie, !Self.isChosen(by: request) { throw Self.notChosen }
        self = transport
    }

    /// The refresh token of the request's cookie; nil when there is none.
    /// - Throws: 403 when there is one without `X-Onsale-Session: cookie`.
    static func cookie(of request: Request) throws(Problem) -> String? {
        let pairs = request.headers[values: .cookie].flatMap { $0.split(separator: ";") }
        let values = pairs.compactMap { pair -> Substring? in
            let pair = pair.drop { $0 == " " }
            return pair.hasPrefix("\(cookieName)=") ? pair.dropFirst(cookieName.count + 1) : nil
        }
        guard let value = values.first else { return nil }
        guard isChosen(by: request) else { throw notChosen }
        return String(value)
    }

    /// Whether the request has the field by which a page says that it wants the cookie to be used.
    static func isChosen(by request: Request) -> Bool { request.headers[.onsaleSession] == cookie.rawValue }

    private static var notChosen: Problem {
        Problem(.forbidden, "Send \"X-Onsale-Session: cookie\" to use a session's cookie or to get one.")
    }

    /// `Set-Cookie` for a session (RFC 6265 §4.1).
    static func setCookie(_ session: Session, isSecure: Bool) -> String {
        let seconds = max(0, Int(session.refreshExpiresAt.timeIntervalSinceNow))
        return field(session.refreshToken.text, maximumAge: seconds, isSecure: isSecure)
    }

    /// Has the browser forget it.
    static func clearCookie(isSecure: Bool) -> String { field("", maximumAge: 0, isSecure: isSecure) }

    private static func field(_ value: String, maximumAge: Int, isSecure: Bool) -> String {
        "\(cookieName)=\(value); Path=/api/auth; Max-Age=\(maximumAge); HttpOnly; SameSite=Strict"
            + (isSecure ? "; Secure" : "")
    }
}
