/// The keys of log metadata. A record is a constant message and values under these keys.
package enum LogKey {
    // What it is about.
    package static let orderID = "order.id"
    package static let eventID = "event.id"
    package static let userID = "user.id"
    package static let actorID = "actor.id"
    package static let paymentID = "payment.id"
    package static let requestID = "request.id"
    package static let traceID = "trace.id"
    package static let spanID = "span.id"

    // HTTP.
    package static let method = "http.method"
    package static let route = "http.route"
    package static let status = "http.status"
    package static let code = "code"

    // Lanes.
    package static let partition = "partition"
    package static let laneEpoch = "lane.epoch"
    package static let laneOwner = "lane.owner"
    package static let batchSize = "batch.size"
    package static let entryID = "entry.id"
    package static let deliveries = "entry.deliveries"

    // Everything else.
    package static let address = "address"
    package static let attempt = "attempt"
    package static let count = "count"
    package static let duration = "duration"
    package static let error = "error"
    package static let level = "log.level"
    package static let limit = "limit"
    package static let migration = "migration"
    package static let reason = "reason"
    package static let setting = "setting"
    package static let version = "version"
}
