import ArgumentParser
import OrderRepository

struct MigrateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate", abstract: "Brings the database schema up, down, or tells how it stands.",
        subcommands: [Up.self, Down.self, Status.self])

    struct Up: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Applies every migration that is missing.")

        func run() async throws {
            try await Connections.with { connections in
                let applied = try await Migrator(postgres: connections.postgres, logger: connections.logger).up()
                for migration in applied { print("applied \(migration.version) \(migration.name)") }
                if applied.isEmpty { print("nothing to apply") }
            }
        }
    }

    struct Down: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Undoes the last migration, or all after a version. Its tables and their data are dropped.")

        @Option(help: "The version that stays; 0 undoes all.")
        var to: Int?

        func run() async throws {
            try await Connections.with { connections in
                let migrator = Migrator(postgres: connections.postgres, logger: connections.logger)
                let undone: [Migration]
                if let to {
                    undone = try await migrator.down(to: to)
                } else {
                    undone = try await migrator.downOneStep().map { [$0] } ?? []
                }
                for migration in undone { print("undone \(migration.version) \(migration.name)") }
                if undone.isEmpty { print("nothing to undo") }
            }
        }
    }

    struct Status: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Lists the migrations and which are applied.")

        func run() async throws {
            try await Connections.with { connections in
                let status = try await Migrator(postgres: connections.postgres, logger: connections.logger).status()
                for migration in status {
                    let date = migration.appliedAt.map { " \($0)" } ?? ""
                    print("\(migration.version) \(migration.name): \(migration.state.rawValue)\(date)")
                }
            }
        }
    }
}
