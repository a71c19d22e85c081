import InventoryStore
import NIOCore

/// Answers that this gateway shares with the others, where there is a cache to share them in.
struct SharedDocuments: Sendable {
    let cache: (any DocumentCache)?
    let lifetime: Duration
    /// How long a discarded document stays away: a reading from before the change may be on its way for so long.
    let discardTime: Duration

    func find(_ key: String) async -> CachedDocument? {
        await cache?.document(key).map { CachedDocument(body: ByteBuffer(bytes: $0)) }
    }

    func keep(_ document: CachedDocument, as key: String) async {
        await cache?.keep(Array(document.body.readableBytesView), as: key, for: lifetime)
    }

    func discard(_ keys: String...) async {
        for key in keys { await cache?.discard(key, for: discardTime) }
    }
}
