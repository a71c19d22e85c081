import InventoryStore
import Ticketing

/// One purchase from the first click to its end, by a buyer who never gives up asking.
struct Buyer: Sendable {
    enum Habit: CaseIterable, Sendable { case plain, doubleClick, reusesKey, cancels, looksAgain }

    enum End: Sendable {
        case final(OrderStatus)
        case refused(Refusal)
    }

    let world: World
    let user: UserID
    /// Postgres refuses the orders of an account that is gone, and nobody can sign in to it.
    let hasAccount: Bool
    let event: EventID
    let quantity: Int
    let method: PaymentMethod
    let key: IdempotencyKey
    let habit: Habit

    private var reservation: Reservation {
        Reservation(
            order: world.orderID(of: user, event, key: key), user: user, event: event, quantity: quantity,
            paymentMethod: method)
    }

    /// - Throws: CancellationError, at the end of the run.
    func buy() async throws -> End {
        if habit == .doubleClick {
            async let other = world.gateway.purchase(reservation)
            let reply = try await purchase()
            _ = await other
            return try await follow(reply)
        }
        return try await follow(try await purchase())
    }

    /// Clicks until there is an answer.
    private func purchase() async throws -> GatewayFront.PurchaseReply {
        while true {
            let reply = await world.gateway.purchase(reservation)
            switch reply {
            case .later, .refused(.cold), .refused(.paused), .refused(.notOpen), .refused(.busy): break
            case .order(let intent):
                world.auditor.expect(
                    intent.order == reservation.order && intent.quantity == quantity, .i7,
                    "\(reservation.order) was answered by \(intent.order)")
                return reply
            case .refused: return reply
            }
            try await world.scheduler.sleep(world.draw(.milliseconds(50) ... .milliseconds(900)))
        }
    }

    private func follow(_ reply: GatewayFront.PurchaseReply) async throws -> End {
        guard case .order(let receipt) = reply else {
            guard case .refused(let refusal) = reply else { throw CancellationError() }
            return .refused(refusal)
        }
        if habit == .reusesKey { await reuseKey() }
        let cancelAfter = habit == .cancels ? world.draw(.zero ... .seconds(3)) : nil
        return try await withThrowingTaskGroup(of: End?.self) { group in
            if let cancelAfter {
                group.addTask {
                    try await world.scheduler.sleep(cancelAfter)
                    try await cancel(receipt.order)
                    return nil
                }
            }
            group.addTask { try await poll(receipt) }
            var end: End?
            for try await result in group {
                // A buyer who has seen the end does not cancel any more.
                if let result {
                    end = result
                    group.cancelAll()
                    break
                }
            }
            guard let end else { throw CancellationError() }
            return end
        }
    }

    /// The same key with another body names the first purchase, and is told so.
    private func reuseKey() async {
        var other = reservation
        other = Reservation(
            order: other.order, user: user, event: event, quantity: quantity + 1, paymentMethod: method)
        if case .order = await world.gateway.purchase(other) {
            world.auditor.expect(world.auditor.losses > 0, .i7, "\(other.order) was accepted with another quantity")
        }
    }

    private func cancel(_ order: OrderID) async throws {
        while true {
            let question = world.auditor.question(about: order)
            switch await world.gateway.cancel(order, of: user) {
            case .order(let status): return world.auditor.show(order, status, to: question)
            case .final, .notFound, .warmingUp: return
            case .later: try await world.scheduler.sleep(world.draw(.milliseconds(100) ... .milliseconds(900)))
            }
        }
    }

    /// Asks until the order is final; brings the receipt when nobody knows it.
    private func poll(_ receipt: Intent) async throws -> End {
        var looks = habit == .looksAgain ? 4 : 1
        while true {
            try await world.scheduler.sleep(world.draw(.milliseconds(100) ... .milliseconds(1_200)))
            let question = world.auditor.question(about: receipt.order)
            var reply = await world.gateway.order(receipt.order)
            switch reply {
            case .notFound, .warmingUp:
                if case .notFound = reply {
                    world.auditor.expect(world.auditor.losses > 0, .i4, "\(receipt.order) is not known any more")
                }
                guard hasAccount else { return .final(.cancelled) }
                reply = await world.gateway.recover(receipt)
            case .order, .final, .later: break
            }
            switch reply {
            case .order(let status):
                world.auditor.show(receipt.order, status, to: question)
                if status.isFinal { looks -= 1 }
                if looks == 0 { return .final(status) }
            case .later, .notFound, .warmingUp, .final: break
            }
        }
    }
}

extension World {
    /// Any of the gateways.
    var gateway: GatewayFront { gateways[draw(0...(gateways.count - 1))] }
}
