import ArgumentParser
import Foundation
import OrderRepository

struct MailsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mails", abstract: "Lists mails that are not sent yet, and has them tried again.",
        discussion: """
            A mail is tried again after pauses of up to an hour, and given up on after 30 attempts or when the mail \
            server has refused it for good; then it is kept, with the reason. A password reset that was given up on \
            cannot be tried again: its token is gone.
            """)

    @Flag(help: "Only mails that were given up on.")
    var dead = false

    @Option(help: "Have the mail of this id tried again now.")
    var retry: Int64?

    @Option(help: "Rows to list, 1 to 10000.")
    var limit = 100

    func run() async throws {
        guard (1...10_000).contains(limit) else { throw ValidationError("--limit takes 1 to 10000") }
        try await Connections.with { connections in
            let mails = PostgresMailRepository(postgres: connections.postgres)
            if let retry {
                guard try await mails.retry(retry) else {
                    throw CommandFailure("there is no mail \(retry) that can be tried again")
                }
                print("mail \(retry) is tried again")
                return
            }
            let rows = try await mails.rows(areDead: dead, limit: limit)
            let table = [["id", "kind", "user", "order", "attempts", "since", "next try", "last failure"]]
            print(TextTable(table + rows.map(Self.columns)).lines.joined(separator: "\n"))
            let depth = try await mails.mailDepth()
            let waiting = "\(depth.waiting)" + (depth.waiting < PostgresMailRepository.countedMails ? "" : " or more")
            print("\(waiting) waiting, the oldest for \(Int(depth.oldest / .seconds(1))) s; \(depth.dead) dead")
        }
    }

    private static func columns(_ row: MailRow) -> [String] {
        [
            "\(row.id)", row.kind, "\(row.user)", row.order.map { "\($0)" } ?? "", "\(row.attempts)",
            row.createdAt.ISO8601Format(), row.isDead ? "dead" : row.nextTry.ISO8601Format(), row.failure ?? "",
        ]
    }
}
