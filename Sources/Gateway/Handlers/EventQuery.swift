import Foundation
import Hummingbird
import OrderRepository
import Ticketing

/// What the list of events is asked for: `q`, `from` and `to` beside `cursor` and `limit`.
struct EventQuery: Sendable {
    let page: PageQuery
    let filter: EventFilter

    /// - Throws: 422 that names each parameter that is not good.
    init(_ request: Request, limits: GatewayLimits) throws(Problem) {
        page = try PageQuery(request, limits: limits)
        var errors: [FieldError] = []
        let query = request.uri.queryParameters
        let words = SearchText(query["q"], as: "q", errors: &errors).words
        func date(_ name: String) -> Date? {
            guard let text = query[Substring(name)].map(String.init) else { return nil }
            // A day alone is its beginning.
            let date = Timestamp.parse(text.utf8.count == 10 ? text + "T00:00:00Z" : text)
            if date == nil { errors.append(FieldError(name, "must be a day (2030-05-01) or an RFC 3339 time")) }
            return date
        }
        let (from, to) = (date("from"), date("to"))
        if let from, let to, from >= to { errors.append(FieldError("to", "must be after from")) }
        guard errors.isEmpty else { throw Problem.validation(errors) }
        filter = EventFilter(words: words, from: from, to: to)
    }
}

/// What somebody looks for: in small letters, with single blanks, so that the same search is the same key of a cache.
struct SearchText {
    /// nil when nothing is looked for.
    let words: String?

    /// Adds an error when the text is too long, or has characters that no text of ours has.
    init(_ text: Substring?, as field: String, errors: inout [FieldError]) {
        let words = (text ?? "").lowercased().split(whereSeparator: \.isWhitespace).joined(separator: " ")
        if words.utf8.count > Limits.searchBytes {
            errors.append(FieldError(field, "must have at most \(Limits.searchBytes) bytes"))
        }
        if words.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7f }) {
            errors.append(FieldError(field, "must not have control characters"))
        }
        self.words = words.isEmpty ? nil : words
    }
}
