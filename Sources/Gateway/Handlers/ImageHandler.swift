import Hummingbird
import OrderRepository
import Security
import Ticketing

/// `/api/events/{id}/image`: an event's image, sent to the storage by whoever has it.
struct ImageHandler<Repository: OrderRepository & AdministrationRepository>: Sendable {
    let images: ImageService<Repository>
    let limits: GatewayLimits

    private struct Announcement: Decodable {
        let contentType: String?
        /// Read as any number, so that one with a fraction is a wrong size and not a wrong type.
        let size: Double?
    }

    private struct Completion: Decodable {
        let key: String?
    }

    func addRoutes(toAdmin router: some RouterMethods<AdminContext>) {
        router.post("/api/events/{id}/image") { request, context in
            let id = try context.parameters.eventID()
            let image = try await JSONBody.decode(Announcement.self, from: request, limit: limits.bodyBytes)
            return try JSONResponse.make(
                try await images.begin(id, type: image.contentType, size: image.size.flatMap { Int(exactly: $0) }),
                status: .created, headers: [.cacheControl: "no-store"])
        }
        router.post("/api/events/{id}/image/complete") { request, context in
            let id = try context.parameters.eventID()
            let completion = try await JSONBody.decode(Completion.self, from: request, limit: limits.bodyBytes)
            return try JSONResponse.make(
                try await images.complete(id, key: completion.key, by: context.identity.userID),
                headers: [.cacheControl: "no-store"])
        }
    }
}
