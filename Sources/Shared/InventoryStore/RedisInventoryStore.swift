package import Logging
package import RedisClient
package import Ticketing

/// The inventory in Redis, by the scripts of `Scripts/`.
package struct RedisInventoryStore: InventoryStore {
    let redis: RedisClient
    let partitioning: Partitioning
    let configuration: InventoryConfiguration
    let logger: Logger
    private let keys: [InventoryKeys]

    package init(
        redis: RedisClient, partitioning: Partitioning, configuration: InventoryConfiguration, logger: Logger
    ) {
        self.redis = redis
        self.partitioning = partitioning
        self.configuration = configuration
        self.logger = logger
        self.keys = partitioning.all.map(InventoryKeys.init)
    }

    static let finalRecordLifetime = RedisArgument(
        Int(InventoryConfiguration.finalRecordLifetime / .milliseconds(1)))

    func keys(of partition: Partition) throws(InventoryError) -> InventoryKeys {
        guard Int(partition.number) < keys.count else {
            throw InventoryError(.unexpectedReply, "partition \(partition) is not one of \(keys.count)")
        }
        return keys[Int(partition.number)]
    }

    package func reserve(_ reservation: Reservation) async throws(InventoryError) -> ReservationOutcome {
        let keys = try keys(of: reservation.order.partition)
        let event = reservation.event.description
        let order = reservation.order.description
        var arguments: [RedisArgument] = [
            .init(order), .init(reservation.user.description), .init(event), .init(reservation.quantity),
            .init(reservation.paymentMethod.text), .init(configuration.backlogLimit),
            reservation.isUnrecorded ? "1" : "0",
        ]
        if let trace = reservation.trace { arguments.append(.init(trace)) }
        let command = InventoryScripts.reserve.command(
            keys: [
                .init("\(keys.event(reservation.event))"), .init(keys.buyers(reservation.event)),
                .init(keys.order(reservation.order)), .init(keys.intents), .init(keys.progress),
            ],
            arguments: arguments
        ).confirmedByReplicas()
        let reply = try await send(command)
        guard let parts = reply.array, let outcome = ReservationOutcome(reply: parts, order: reservation.order) else {
            throw InventoryError(.unexpectedReply, "reserve answered \(reply)")
        }
        return outcome
    }

    package func recover(_ intent: Intent) async throws(InventoryError) -> RecoveryOutcome {
        let keys = try keys(of: intent.order.partition)
        let reply = try await send(
            InventoryScripts.recover.command(
                keys: [
                    .init(keys.event(intent.event)), .init(keys.buyers(intent.event)), .init(keys.order(intent.order)),
                    .init(keys.intents), .init(keys.progress),
                ],
                arguments: [
                    .init(intent.order.description), .init(intent.user.description), .init(intent.event.description),
                    .init(intent.quantity), .init(intent.paymentMethod.text), .init(intent.total.amount),
                    .init(intent.total.currency.rawValue), .init(configuration.backlogLimit),
                ]
            ).confirmedByReplicas())
        guard let outcome = reply.array.flatMap(RecoveryOutcome.init(reply:)) else {
            throw InventoryError(.unexpectedReply, "recover answered \(reply)")
        }
        return outcome
    }

    package func order(_ id: OrderID) async throws(InventoryError) -> OrderRecord? {
        guard Int(id.partition.number) < keys.count else { return nil }
        let reply = try await send(RedisCommand("HGETALL", key: .init(keys[Int(id.partition.number)].order(id))))
        guard let fields = reply.array else { throw InventoryError(.unexpectedReply, "HGETALL answered \(reply)") }
        return fields.isEmpty ? nil : OrderRecord(id: id, fields: fields[...])
    }

    package func publish(_ settled: [SettledOrder], in partition: Partition) async throws(InventoryError) {
        guard !settled.isEmpty else { return }
        let keys = try keys(of: partition)
        let commands = settled.chunks(of: InventoryConfiguration.publishChunk).map { chunk in
            var arguments: [RedisArgument] = [.init(keys.finished), Self.finalRecordLifetime]
            for order in chunk {
                arguments.append(.init(order.id.description))
                arguments.append(.init(order.status.rawValue))
                arguments.append(.init(order.reason?.rawValue ?? ""))
                arguments.append(.init(order.ticketList))
            }
            return InventoryScripts.publish.command(keys: chunk.map { .init(keys.order($0.id)) }, arguments: arguments)
        }
        _ = try await pipeline(commands)
    }

    package func deferToPostgres(_ order: OrderID) async throws(InventoryError) {
        let key = try keys(of: order.partition).order(order)
        _ = try await pipeline([InventoryScripts.defer.command(keys: [.init(key)], arguments: [])])
    }

    package func progress(of partition: Partition) async throws(InventoryError) -> LaneProgress {
        let reply = try await send(
            RedisCommand("HMGET", key: .init(try keys(of: partition).progress), "accepted", "committed", "rate"))
        guard let parts = reply.array, parts.count == 3 else {
            throw InventoryError(.unexpectedReply, "HMGET answered \(reply)")
        }
        return LaneProgress(
            accepted: parts[0].integer ?? 0, committed: parts[1].integer ?? 0,
            drainRate: parts[2].string.flatMap(Double.init) ?? 0)
    }

    package func stock(of event: EventID) async throws(InventoryError) -> Stock? {
        let keys = try keys(of: partitioning.partition(of: event))
        let replies = try await pipeline([
            RedisCommand("HMGET", key: .init(keys.event(event)), "available", "total", "epoch", "returns"),
            RedisCommand("XLEN", key: .init(keys.intents)),
        ])
        guard let fields = replies[0].array, fields.count == 4, let backlog = replies[1].integer else {
            throw InventoryError(.unexpectedReply, "HMGET and XLEN answered \(replies)")
        }
        guard let available = fields[0].integer, let total = fields[1].integer, let epoch = fields[2].integer else {
            return nil
        }
        return Stock(
            available: Int(available), total: Int(total), backlog: Int(backlog), epoch: epoch,
            returns: fields[3].integer ?? 0)
    }

    package func buyers(of event: EventID, _ body: ([UserID]) -> Void) async throws(InventoryError) {
        var page: [UserID] = []
        try await scanBuyers(try keys(of: partitioning.partition(of: event)).buyers(event)) { user, _ in
            page.append(user)
        } atEndOfPage: {
            body(page)
            page = []
        }
    }

    /// Calls `body` with each buyer under `key` and the text of the count; some may come twice while others come in.
    func scanBuyers(
        _ key: String, _ body: (UserID, String?) -> Void, atEndOfPage: () -> Void = {}
    ) async throws(InventoryError) {
        var cursor = "0"
        repeat {
            let reply = try await send(
                RedisCommand("HSCAN", key: .init(key), .init(cursor), "COUNT", .init(InventoryConfiguration.buyersPage))
            )
            guard let parts = reply.array, parts.count == 2, let next = parts[0].string, let pairs = parts[1].array
            else { throw InventoryError(.unexpectedReply, "HSCAN answered \(reply)") }
            for index in stride(from: 0, to: pairs.count - 1, by: 2) {
                if let user = pairs[index].string.flatMap({ UserID($0) }) { body(user, pairs[index + 1].string) }
            }
            atEndOfPage()
            cursor = next
        } while cursor != "0"
    }

    package func ping() async throws(InventoryError) { _ = try await sendToPrimaries(RedisCommand("PING")) }

    package func finishedOrders() -> AsyncStream<[OrderID]?> {
        let pushes = redis.subscribe(to: keys.map(\.finished))
        return AsyncStream { continuation in
            let forwarding = Task {
                for await push in pushes {
                    switch push {
                    case .subscribed: continuation.yield(nil)
                    case .disconnected: break
                    case .message(_, let payload) where payload.isEmpty: continuation.yield(nil)
                    case .message(_, let payload):
                        continuation.yield(payload.split(separator: UInt8(ascii: " ")).compactMap(OrderID.init(bytes:)))
                    }
                }
                continuation.finish()
            }
            continuation.onTermination = { _ in forwarding.cancel() }
        }
    }

    /// The settings a Redis must have so that an accepted order outlives it (DESIGN §3), as found where they differ.
    package func settingsThatRiskOrders() async throws(InventoryError) -> [String] {
        let wanted = [
            ("appendonly", "yes"), ("appendfsync", "always"), ("no-appendfsync-on-rewrite", "no"),
            ("maxmemory-policy", "noeviction"),
        ]
        var warnings: [String] = []
        for (name, value) in wanted {
            let replies = try await sendToPrimaries(RedisCommand("CONFIG", "GET", .init(name)))
            for found in Set(replies.map { $0.array?.last?.string ?? "unknown" }).sorted() where found != value {
                warnings.append("Redis has \(name) \(found), not \(value)")
            }
        }
        return warnings
    }

    func send(_ command: RedisCommand, timeout: Duration? = nil) async throws(InventoryError) -> RESPValue {
        do { return try await redis.send(command, timeout: timeout) } catch { throw InventoryError(error) }
    }

    private func sendToPrimaries(_ command: RedisCommand) async throws(InventoryError) -> [RESPValue] {
        do { return try await redis.sendToPrimaries(command) } catch { throw InventoryError(error) }
    }

    func pipeline(_ commands: [RedisCommand]) async throws(InventoryError) -> [RESPValue] {
        let replies: [RESPValue]
        do { replies = try await redis.pipeline(commands) } catch { throw InventoryError(error) }
        for case .error(let error) in replies {
            throw InventoryError(.unexpectedReply, error.message, mayHaveRun: true, underlying: error)
        }
        return replies
    }
}

extension InventoryError {
    init(_ error: RedisClientError) {
        self.init(
            error.serverError == nil ? .unavailable : .unexpectedReply, error.message, mayHaveRun: error.mayHaveRun,
            underlying: error)
    }
}
