import Glibc
import Logging
import Observability
import OnsaleConfiguration

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
            fputs("onsale-gateway: \(error)\n", stderr)
            exit(1)
        }
    }
}
