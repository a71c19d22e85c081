/// The form of a log line.
package enum LogFormat: String, Sendable, CaseIterable {
    /// `time=… level=info logger=gateway msg="…" order.id=…`, for people and grep.
    case logfmt
    /// One JSON object a line, for log collectors. Dotted keys stay as they are.
    case json
}
