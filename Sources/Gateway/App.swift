import Foundation
import Logging
import Observability
import OnsaleConfiguration
import ServiceLifecycle

/// The gateway: answers HTTP, sells through Redis, shows what Postgres knows.
@main
enum App {
    static func main() async {
        do {
            let config = try await ConfigReader.onsale()
            LoggingBootstrap.bootstrap(try LoggingConfiguration(config: config))
            try await build(config: config).run()
        } catch {
            // The log may not be set up yet, and whoever started the process reads this.
            try? FileHandle.standardError.write(contentsOf: Data("onsale-gateway: \(error)\n".utf8))
            exit(1)
        }
    }
}
