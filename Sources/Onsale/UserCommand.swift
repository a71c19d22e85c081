import ArgumentParser
import Foundation
import OrderRepository
import Ticketing

struct UserCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "user", abstract: "Makes accounts and administrators.",
        subcommands: [Create.self, Promote.self, Demote.self])

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Makes an account.",
            discussion: "Its password is asked for; where standard input is not a terminal, it is the first line there."
        )

        @Option(help: "The address to log in with.")
        var email: String

        @Option(help: "The person's name.")
        var name: String?

        @Flag(help: "Make it an administrator.")
        var admin = false

        func run() async throws {
            guard let address = EmailAddress(email) else { throw ValidationError("\(email) is not an e-mail address") }
            guard name.map({ Limits.name.contains($0.count) }) ?? true else {
                throw ValidationError("a name has 1 to 200 characters")
            }
            guard let password = Password.read(), Limits.password.contains(password.unicodeScalars.count) else {
                throw ValidationError("a password has 8 to 256 characters")
            }
            try await Connections.withDeployment { connections in
                let user = try await connections.repository.createUser(
                    email: address, passwordHash: connections.passwordHash(password), name: name,
                    role: admin ? .admin : .user)
                print("made \(user.role.rawValue) \(user.email) (\(user.id))")
            }
        }
    }

    struct Promote: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Makes an account an administrator's.")

        @OptionGroup var account: Account

        func run() async throws { try await account.set(.admin) }
    }

    struct Demote: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Makes an account a user's, be it the last administrator's.")

        @OptionGroup var account: Account

        func run() async throws { try await account.set(.user) }
    }

    struct Account: ParsableArguments {
        @Argument(help: "The account's e-mail address.")
        var email: String

        func set(_ role: Role) async throws {
            try await Connections.withDeployment { connections in
                guard let user = try await connections.repository.setRole(role, email: email) else {
                    throw CommandFailure("there is no account of \(email)")
                }
                print("\(user.email) is now \(role.rawValue)")
            }
        }
    }
}

/// A password from standard input.
enum Password {
    /// One line; from a terminal it is asked for and not shown. nil at the end of the input.
    static func read() -> String? {
        guard isatty(STDIN_FILENO) == 1 else { return readLine() }
        return getpass("Password: ").map { String(cString: $0) }
    }
}
