import AsyncHTTPClient
import Logging
import NIOCore
import NIOHTTP1
import Observability
import Security
import ServiceLifecycle

/// Fetches the keys of the identity provider: at the start, every now and then, and when a token names one that is not
/// known. While the provider does not answer, the keys that are known stay.
struct ProviderKeyRefresher: Service {
    /// A key set has some kilobytes.
    private static let maximumBytes = 1024 * 1024
    private static let timeout: TimeAmount = .seconds(5)

    let configuration: IdentityProviderConfiguration
    let verifier: TokenVerifier
    let logger: Logger

    func run() async throws {
        await withDiscardingTaskGroup { group in
            group.addTask {
                while !Task.isCancelled {
                    // Ends early when the gateway stops.
                    try? await Task.sleep(for: configuration.refreshInterval)
                    if !Task.isCancelled { await fetch() }
                }
            }
            group.addTask {
                for await _ in verifier.unknownProviderKeys {
                    await fetch()
                    // What is asked for meanwhile is one more signal, after the pause.
                    try? await Task.sleep(for: configuration.retryPause)
                }
            }
            // Ends by graceful shutdown or by cancellation; both mean the same here.
            try? await gracefulShutdown()
            group.cancelAll()
        }
    }

    /// One try.
    func fetch() async {
        do {
            let response = try await HTTPClient.shared.execute(
                HTTPClientRequest(url: configuration.url), timeout: Self.timeout)
            // Who can lead elsewhere, over an address that is not secured for example, could make himself the provider.
            guard response.status == .ok, response.history.count == 1 else {
                throw ProviderAnswer(status: response.history.first?.responseHead.status.code ?? response.status.code)
            }
            let body = try await response.body.collect(upTo: Self.maximumBytes)
            let keys = try await ProviderKeys(json: Array(body.readableBytesView))
            verifier.adopt(keys)
            logger.debug("identity_provider.keys", metadata: [LogKey.count: "\(keys.keyIDs.count)"])
        } catch {
            logger.warning("identity_provider.keys_not_fetched", metadata: [LogKey.error: "\(error)"])
        }
    }
}

/// The provider answered, and not with a key set.
private struct ProviderAnswer: Error, CustomStringConvertible {
    let status: UInt

    var description: String { "the answer has status \(status)" }
}
