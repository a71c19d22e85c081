import Foundation
import Logging
import OnsaleConfiguration
import ServiceLifecycle
import Telemetry

/// The gateway: answers HTTP, sells through Redis, shows what Postgres knows.
@main
enum App {
    static func main() async {
        do {
            let config = try await ConfigReader.onsale()
            let telemetry = try Telemetry.bootstrap(config: config, program: .gateway)
            try await build(config: config, telemetry: telemetry).run()
        } catch {
            // The log may not be set up yet, and whoever started the process reads this.
            try? FileHandle.standardError.write(contentsOf: Data("onsale-gateway: \(error)\n".utf8))
            exit(1)
        }
    }
}
