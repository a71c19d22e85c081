import ArgumentParser
import Foundation
import OnsaleConfiguration
import Ticketing

/// Options that say where a load goes and who may look behind it.
struct TargetOptions: ParsableArguments {
    @Option(help: "Base addresses, comma separated: taken in turn, one that is down is left out. Else ONSALE_URL.")
    var url: String?

    @Option(help: "Administrator's e-mail address. Else ONSALE_ADMIN_EMAIL.")
    var adminEmail: String?

    @Option(help: "Administrator's password. Else ONSALE_ADMIN_PASSWORD, which other users of the machine cannot see.")
    var adminPassword: String?

    @Option(help: "Id of an event to use again instead of a new one.")
    var event: String?

    func check() throws {
        guard event.map({ EventID($0) != nil }) ?? true else { throw ValidationError("--event is not a UUID") }
    }

    func endpoints() async throws -> [Endpoint] {
        if let url { return try Endpoint.list(url) }
        return try Endpoint.list(try await ConfigReader.onsale().required("onsale.url"))
    }

    func administrator() async throws -> RunSettings.Administrator {
        let config = try await ConfigReader.onsale()
        return RunSettings.Administrator(
            email: try adminEmail ?? config.required("onsale.admin.email"),
            password: try adminPassword ?? config.required("onsale.admin.password", isSecret: true))
    }
}
