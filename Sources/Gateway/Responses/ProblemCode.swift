/// The stable name of a problem. Clients switch on it, so a case is never renamed.
enum ProblemCode: String, Sendable, CaseIterable {
    // Any request.
    case malformedJSON = "malformed_json"
    case badRequest = "bad_request"
    case validationFailed = "validation_failed"
    case unauthenticated
    case forbidden
    case notFound = "not_found"
    case methodNotAllowed = "method_not_allowed"
    case bodyTooLarge = "body_too_large"
    case unsupportedMediaType = "unsupported_media_type"
    case rateLimited = "rate_limited"
    case internalError = "internal_error"
    case overloaded
    case warmingUp = "warming_up"

    // Accounts.
    case invalidCredentials = "invalid_credentials"
    case emailTaken = "email_taken"
    case refreshTokenInvalid = "refresh_token_invalid"
    case refreshTokenReused = "refresh_token_reused"
    case sessionNotFound = "session_not_found"
    case resetTokenInvalid = "reset_token_invalid"
    case userNotFound = "user_not_found"
    case lastAdmin = "last_admin"
    case ordersPending = "orders_pending"

    // Events and orders.
    case eventNotFound = "event_not_found"
    case orderNotFound = "order_not_found"
    case capacityBelowSold = "capacity_below_sold"
    case orderFinal = "order_final"
    case orderNotConfirmed = "order_not_confirmed"

    // Tickets.
    case ticketNotFound = "ticket_not_found"
    case recipientUnknown = "recipient_unknown"
    case ticketUsed = "ticket_used"
    case ticketCancelled = "ticket_cancelled"
    case ticketTransferred = "ticket_transferred"
    case eventStarted = "event_started"
    case transferLimit = "transfer_limit"

    // Images.
    case imageNotUploaded = "image_not_uploaded"
    case imageInvalid = "image_invalid"
    case imagesDisabled = "images_disabled"
    case storageUnavailable = "storage_unavailable"

    // Refunds and cancelled events.
    case orderNotRefundable = "order_not_refundable"
    case ticketNotRefundable = "ticket_not_refundable"
    case eventCancelled = "event_cancelled"
    case eventHasOrders = "event_has_orders"
    case eventOnSale = "event_on_sale"

    // Webhooks.
    case invalidSignature = "invalid_signature"

    // Purchases.
    case idempotencyKeyReused = "idempotency_key_reused"
    case soldOut = "sold_out"
    case limitExceeded = "limit_exceeded"
    case saleNotOpen = "sale_not_open"
    case saleClosed = "sale_closed"
    case salePaused = "sale_paused"

    /// The HTTP status that goes with the code, always the same.
    var status: Int {
        switch self {
        case .malformedJSON, .badRequest, .invalidSignature: 400
        case .unauthenticated, .invalidCredentials, .refreshTokenInvalid, .refreshTokenReused: 401
        case .forbidden: 403
        case .notFound, .eventNotFound, .orderNotFound, .userNotFound, .sessionNotFound, .ticketNotFound,
            .recipientUnknown:
            404
        case .methodNotAllowed: 405
        case .emailTaken, .lastAdmin, .ordersPending, .capacityBelowSold, .orderFinal, .orderNotConfirmed, .soldOut,
            .limitExceeded, .saleNotOpen, .saleClosed, .salePaused, .imageNotUploaded, .orderNotRefundable,
            .ticketNotRefundable, .eventCancelled, .eventHasOrders, .eventOnSale:
            409
        case .ticketUsed, .ticketCancelled, .ticketTransferred, .eventStarted, .transferLimit: 409
        case .bodyTooLarge: 413
        case .unsupportedMediaType: 415
        case .validationFailed, .idempotencyKeyReused, .resetTokenInvalid, .imageInvalid: 422
        case .rateLimited: 429
        case .internalError: 500
        case .imagesDisabled: 501
        case .overloaded, .warmingUp, .storageUnavailable: 503
        }
    }

    /// The status' phrase (RFC 9110 §15).
    var title: String {
        switch status {
        case 400: "Bad Request"
        case 401: "Unauthorized"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 409: "Conflict"
        case 413: "Content Too Large"
        case 415: "Unsupported Media Type"
        case 422: "Unprocessable Content"
        case 429: "Too Many Requests"
        case 501: "Not Implemented"
        case 503: "Service Unavailable"
        default: "Internal Server Error"
        }
    }
}
