import OnsaleTracing

/// What a request is called in the log and in traces.
struct RequestOrigin: Sendable {
    /// The client's `X-Request-Id`; without one a request is named when there is something to say of it.
    var id: String?
    /// nil when its trace is not recorded.
    var span: RecordedSpan?
}
