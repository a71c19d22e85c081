import ArgumentParser
import Foundation
import OrderRepository

struct OutboxCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "outbox", abstract: "Lists what waits in the outbox, and has messages tried again.",
        discussion: """
            `release` gives an order's units back to Redis and is its lane's; `void` ends the charge of a cancelled \
            order; `refund` gives money of a confirmed one back. A message waits for those of its order before it. It is tried again after pauses of up to ten \
            minutes, and given up on only where the receiver has refused for good; then it is kept, with the reason.
            """)

    @Flag(help: "Only messages that were given up on.")
    var dead = false

    @Option(help: "Have the message of this id tried again now.")
    var retry: Int64?

    @Option(help: "Rows to list, 1 to 10000.")
    var limit = 100

    func run() async throws {
        guard (1...10_000).contains(limit) else { throw ValidationError("--limit takes 1 to 10000") }
        try await Connections.with { connections in
            let outbox = PostgresOutboxRepository(postgres: connections.postgres)
            if let retry {
                guard try await outbox.retry(retry) else {
                    throw CommandFailure("there is no undelivered message \(retry)")
                }
                print("message \(retry) is tried again")
                return
            }
            let rows = try await outbox.rows(areDead: dead, limit: limit)
            let table = [["id", "kind", "order", "event", "attempts", "since", "next try", "last failure"]]
            print(TextTable(table + rows.map(Self.columns)).lines.joined(separator: "\n"))
            let depth = try await outbox.depth()
            print("\(depth.waiting) waiting, the oldest for \(Int(depth.oldest / .seconds(1))) s; \(depth.dead) dead")
        }
    }

    private static func columns(_ row: OutboxRow) -> [String] {
        [
            "\(row.id)", row.kind, "\(row.order)", "\(row.event)", "\(row.attempts)", row.createdAt.ISO8601Format(),
            row.deadAt == nil ? row.nextTry.ISO8601Format() : "dead", row.failure ?? "",
        ]
    }
}
