import Foundation
import Logging
import ObjectStorage
import Observability
import OrderRepository
import Ticketing

/// Images of events. They go straight to the storage: the gateway says where to, and looks at what has come.
struct ImageService<Repository: OrderRepository & AdministrationRepository>: Sendable {
    /// nil: this deployment stores no images.
    let store: (any ObjectStore)?
    let repository: Repository
    let catalog: EventCatalog<Repository>
    let limits: GatewayLimits
    let logger: Logger

    /// The first step: permission to send one image of this type and size to the storage.
    func begin(_ id: EventID, type: String?, size: Int?) async throws -> ImageUploadResponse {
        let store = try storage()
        var errors: [FieldError] = []
        let format = type.flatMap { ImageFormat(rawValue: $0) }
        if format == nil {
            let known = ImageFormat.allCases.map(\.rawValue).joined(separator: ", ")
            errors.append(FieldError("contentType", "must be one of \(known)"))
        }
        if !(1...limits.imageBytes).contains(size ?? 0) {
            errors.append(FieldError("size", "must be 1 to \(limits.imageBytes) bytes"))
        }
        guard errors.isEmpty, let format, let size else { throw Problem.validation(errors) }
        guard try await repository.event(id) != nil else { throw EventProblems.notFound }
        let key = "\(folder(of: id))\(UUID().text).\(format.fileExtension)"
        let permission = store.permission(
            toUpload: key, type: format.rawValue, size: size, within: limits.imageUploadTime)
        return ImageUploadResponse(key: key, permission)
    }

    /// The second step: the event shows the image, if it is one, and the image before is removed. May be repeated.
    func complete(_ id: EventID, key: String?, by actor: UserID) async throws -> EventResponse {
        let store = try storage()
        guard let key, let format = format(ofKey: key, in: folder(of: id)) else {
            throw Problem.validation([FieldError("key", "must be the key of an upload to this event")])
        }
        guard try await repository.event(id) != nil else { throw EventProblems.notFound }
        try await check(key, is: format, in: store)
        let address = store.address(of: key)
        guard let (event, previous) = try await repository.setImage(address, of: id, by: actor) else {
            throw EventProblems.notFound
        }
        await catalog.forget(id)
        logger.notice("event.image_set", metadata: [LogKey.eventID: "\(id)", LogKey.userID: "\(actor)"])
        if let previous, previous != address, let old = store.key(ofAddress: previous) {
            await remove(old, from: store)
        }
        return EventResponse(event)
    }

    /// Everything about the file that can be known without reading it whole; what is not right is removed.
    private func check(_ key: String, is format: ImageFormat, in store: any ObjectStore) async throws {
        guard let object = try await answer({ () async throws(ObjectStoreError) in try await store.object(key) }),
            let beginning = try await answer({ () async throws(ObjectStoreError) in
                try await store.beginning(of: key, bytes: ImageFormat.signatureBytes)
            })
        else { throw Problem(.imageNotUploaded, "Nothing was uploaded under this key. Send the image first.") }
        let problem: String? =
            if !(1...limits.imageBytes).contains(object.size) {
                "The file has \(object.size) bytes; an image may have \(limits.imageBytes)."
            } else if object.type != format.rawValue {
                "The file was stored as \(object.type), not as \(format.rawValue)."
            } else if ImageFormat(beginning: beginning) != format {
                "The file is no image of type \(format.rawValue)."
            } else {
                nil
            }
        guard let problem else { return }
        await remove(key, from: store)
        throw Problem(.imageInvalid, problem)
    }

    /// A file that nobody shows any more costs a little space: nothing waits for its removal, and no answer depends on
    /// it.
    private func remove(_ key: String, from store: any ObjectStore) async {
        do throws(ObjectStoreError) { try await store.remove(key) } catch {
            logger.warning("image.not_removed", metadata: ["image.key": "\(key)", LogKey.error: "\(error)"])
        }
    }

    private func storage() throws(Problem) -> any ObjectStore {
        guard let store else { throw Problem(.imagesDisabled, "This service is set up without a storage for images.") }
        return store
    }

    private func answer<Value>(
        _ ask: () async throws(ObjectStoreError) -> Value
    ) async throws(Problem) -> Value {
        do throws(ObjectStoreError) { return try await ask() } catch {
            logger.error("image.storage_failed", metadata: [LogKey.error: "\(error)"])
            throw Problem(
                .storageUnavailable, "The storage of images does not answer as it should. Try again.",
                retryAfter: limits.overloadedRetryAfter)
        }
    }

    private func folder(of id: EventID) -> String { "events/\(id)/" }

    /// nil unless `begin` could have made the key for this event.
    private func format(ofKey key: String, in folder: String) -> ImageFormat? {
        guard key.hasPrefix(folder) else { return nil }
        let parts = key.dropFirst(folder.count).split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, UUID(text: parts[0].utf8).map({ $0.text == parts[0] }) ?? false else { return nil }
        return ImageFormat.allCases.first { $0.fileExtension == parts[1] }
    }
}
