import ArgumentParser

/// `loadtest schema`: what `--json` writes, for machines.
struct SchemaCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schema", abstract: "Prints the JSON Schema of what --json writes.")

    func run() {
        print(String(decoding: PackageResources.report_schema_json, as: UTF8.self))
    }
}
