import HTTPTypes
import Hummingbird
import NIOCore
import OrderRepository
import PNGImages
import QRCodes
import Security
import TicketPages
import Ticketing

/// `/api/tickets`: what was bought or received, as data, as an image and on paper; and the gate.
///
/// A browser sends no access token for an `<img>` or a link. A web app fetches images and pages with its token and
/// shows them by `URL.createObjectURL`; no address of a ticket works without a token, because addresses end up in logs.
struct TicketHandler: Sendable {
    let tickets: TicketService
    let page: TicketPage
    let limits: GatewayLimits

    private struct Transfer: Decodable {
        let email: String?
    }

    private struct Scan: Decodable {
        let eventId: String?
        let gate: String?
        let nonce: String?
    }

    func addRoutes(to router: some RouterMethods<AppRequestContext>) {
        // A path of its own, for another method, and not the ticket of this code.
        router.get("/api/tickets/purchase") { request, _ -> Response in
            throw RouteTable.standard.problem(for: request)
        }
    }

    func addRoutes(toAuthenticated router: some RouterMethods<AuthenticatedContext>) {
        router.get("/api/tickets") { request, context in
            let page = try PageQuery(request, limits: limits)
            return try JSONResponse.make(
                try await tickets.page(of: context.identity, after: page.cursor, limit: page.limit),
                headers: [.cacheControl: "private, no-cache"])
        }
        router.get("/api/tickets/{code}") { _, context in
            try JSONResponse.make(
                try await tickets.detail(try Self.code(context.parameters), for: context.identity),
                headers: [.cacheControl: "private, no-cache"])
        }
        router.get("/api/tickets/{code}/qr.svg") { request, context in
            let size = try imageSize(request)
            let matrix = try await matrix(try Self.code(context.parameters), for: context.identity)
            return image(ByteBuffer(string: matrix.svg(size: size)), type: "image/svg+xml")
        }
        router.get("/api/tickets/{code}/qr.png") { request, context in
            let size = try imageSize(request)
            let matrix = try await matrix(try Self.code(context.parameters), for: context.identity)
            guard let pixels = matrix.pixels(size: size) else { throw TicketImageError() }
            return image(
                ByteBuffer(bytes: try PNGImage.encode(isBlack: pixels, width: size, height: size)), type: "image/png")
        }
        router.get("/api/tickets/{code}/print") { _, context in
            try printed([try await tickets.ticket(try Self.code(context.parameters), for: context.identity)])
        }
        router.get("/api/orders/{id}/tickets/print") { _, context in
            guard let id = context.parameters.get("id").flatMap({ OrderID($0) }) else { throw OrderProblems.notFound }
            return try printed(try await tickets.tickets(of: id, for: context.identity))
        }
        router.post("/api/tickets/{code}/transfer") { request, context in
            let body = try await JSONBody.decode(Transfer.self, from: request, limit: limits.bodyBytes)
            guard let email = body.email.flatMap({ EmailAddress($0) }) else {
                throw Problem.validation([
                    FieldError("email", body.email == nil ? "is missing" : "must be an e-mail address")
                ])
            }
            return try JSONResponse.make(
                try await tickets.transfer(try Self.code(context.parameters), to: email, by: context.identity),
                headers: [.cacheControl: "no-store"])
        }
    }

    func addRoutes(toAdmin router: some RouterMethods<AdminContext>) {
        router.post("/api/tickets/{code}/redeem") { request, context in
            let scan = try await JSONBody.decode(Scan.self, from: request, limit: limits.bodyBytes)
            let redemption = try Self.redemption(scan, by: context.identity.userID)
            let code = context.parameters.get("code").flatMap { TicketCode($0) }
            return try JSONResponse.make(
                try await tickets.redeem(code, redemption), headers: [.cacheControl: "no-store"])
        }
    }

    /// A text that is no code names no ticket.
    private static func code(_ parameters: Parameters) throws(Problem) -> TicketCode {
        guard let code = parameters.get("code").flatMap({ TicketCode($0) }) else { throw TicketProblems.notFound }
        return code
    }

    private static func redemption(_ scan: Scan, by administrator: UserID) throws(Problem) -> Redemption {
        var errors: [FieldError] = []
        let event = scan.eventId.flatMap { EventID($0) }
        if event == nil { errors.append(FieldError("eventId", scan.eventId == nil ? "is missing" : "must be a UUID")) }
        let nonce = scan.nonce.flatMap { RedemptionNonce($0) }
        if nonce == nil {
            let lengths = RedemptionNonce.lengths
            errors.append(
                FieldError(
                    "nonce",
                    scan.nonce == nil
                        ? "is missing"
                        : "must have \(lengths.lowerBound) to \(lengths.upperBound) visible ASCII characters"))
        }
        if let gate = scan.gate, !Limits.gate.contains(gate.unicodeScalars.count) || gate.contains("\0") {
            errors.append(FieldError("gate", "must have 1 to 100 characters, none of them NUL"))
        }
        guard errors.isEmpty, let event, let nonce else { throw Problem.validation(errors) }
        return Redemption(event: event, gate: scan.gate, nonce: nonce, administrator: administrator)
    }

    private func imageSize(_ request: Request) throws(Problem) -> Int {
        guard let text = request.uri.queryParameters["size"] else { return limits.standardImageSize }
        guard let size = Int(text), limits.imageSize.contains(size) else {
            let range = limits.imageSize
            throw Problem.validation([
                FieldError("size", "must be a whole number of pixels from \(range.lowerBound) to \(range.upperBound)")
            ])
        }
        return size
    }

    private func matrix(_ code: TicketCode, for viewer: Identity) async throws -> QRMatrix {
        let ticket = try await tickets.ticket(code, for: viewer)
        if let problem = ticket.imageProblem { throw problem }
        return try ticket.matrix
    }

    private func image(_ bytes: ByteBuffer, type: String) -> Response {
        let headers: HTTPFields = [.contentType: type, .cacheControl: "private, no-store"]
        return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: bytes))
    }

    private func printed(_ tickets: [IssuedTicket]) throws -> Response {
        let html = page.render(
            title: "Tickets: \(tickets[0].event.title)", try tickets.map { try TicketPage.Sheet($0) })
        let headers: HTTPFields = [
            .contentType: "text/html; charset=utf-8", .cacheControl: "private, no-store",
            .contentSecurityPolicy: "default-src 'none'; style-src 'unsafe-inline'",
        ]
        return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(string: html)))
    }
}
