import NIOCore

extension ClusterRouter {
    /// The same contract as `RedisClient.send`.
    nonisolated(nonsending) func send(
        _ command: RedisCommand, to target: Target, over nodes: ClusterNodes, timeout: Duration?
    ) async throws(RedisClientError) -> RESPValue {
        var trip = Trip(deadline: deadline(after: timeout))
        return try await send(command, to: target, over: nodes, &trip)
    }

    /// The same contract as `RedisClient.pipeline`. What is refused is sent again by itself, one command after another
    /// in their order.
    nonisolated(nonsending) func pipeline(
        _ commands: [RedisCommand], to target: Target, over nodes: ClusterNodes, timeout: Duration?
    ) async throws(RedisClientError) -> [RESPValue] {
        guard !commands.isEmpty else { return [] }
        var trip = Trip(deadline: deadline(after: timeout))
        var replies: [RESPValue]
        var answering: RedisAddress
        while true {
            answering = try await address(of: target, &trip)
            do throws(RedisClientError) {
                replies = try await link(to: answering, of: nodes).pipeline(commands, timeout: trip.timeLeft)
                break
            } catch {
                try await prepare(&trip, after: error, at: answering, of: nodes)
            }
        }
        for index in replies.indices {
            guard case .error(let error) = replies[index],
                let refusal = ClusterRefusal(error, answeredBy: answering)
            else { continue }
            do throws(RedisClientError) {
                var own = Trip(deadline: trip.deadline)
                try await prepare(&own, after: RedisClientError(error), refusal)
                replies[index] = try await send(commands[index], to: target, over: nodes, &own)
            } catch {
                guard let answer = error.serverError else {
                    // Others of the pipeline have run.
                    throw RedisClientError(error.code, error.message, mayHaveRun: true, underlying: error.underlying)
                }
                replies[index] = .error(answer)
            }
        }
        return replies
    }

    /// One command's way, and when it must end.
    private struct Trip {
        let deadline: ContinuousClock.Instant
        var route = CommandRoute()
        var hop = CommandRoute.Hop.byMap
        var generator = SystemRandomNumberGenerator()

        init(deadline: ContinuousClock.Instant) { self.deadline = deadline }

        var timeLeft: Duration { max(.zero, deadline - .now) }

        /// Waits as the hop says; returns false when its end lies beyond the deadline.
        mutating func wait() async throws(RedisClientError) -> Bool {
            guard case .later(let pause) = hop else { return true }
            hop = .byMap
            guard pause < timeLeft else { return false }
            do { try await Task.sleep(for: pause) } catch {
                throw RedisClientError(.cancelled, "the caller was cancelled", mayHaveRun: false)
            }
            return true
        }
    }

    private nonisolated(nonsending) func send(
        _ command: RedisCommand, to target: Target, over nodes: ClusterNodes, _ trip: inout Trip
    ) async throws(RedisClientError) -> RESPValue {
        while true {
            let address: RedisAddress
            var isAsking = false
            switch trip.hop {
            case .to(let named, let asking): (address, isAsking) = (named, asking)
            case .byMap, .later: address = try await self.address(of: target, &trip)
            }
            do throws(RedisClientError) {
                let link = try link(to: address, of: nodes)
                guard isAsking else { return try await link.send(command, timeout: trip.timeLeft) }
                // A request's commands are written together, so nothing comes between the two. A script that the node does
                // not know would be sent again without the first.
                let replies = try await link.pipeline(
                    [RedisCommand("ASKING"), command.bySource], timeout: trip.timeLeft)
                if case .error(let error) = replies[1] { throw RedisClientError(error) }
                return replies[1]
            } catch {
                try await prepare(&trip, after: error, at: address, of: nodes)
            }
        }
    }

    /// Chooses the next hop after `error`, or throws it when it stands.
    private nonisolated(nonsending) func prepare(
        _ trip: inout Trip, after error: RedisClientError, at address: RedisAddress, of nodes: ClusterNodes
    ) async throws(RedisClientError) {
        if let refusal = error.serverError.flatMap({ ClusterRefusal($0, answeredBy: address) }) {
            try await prepare(&trip, after: error, refusal)
        } else if error.code == .shutDown, !error.mayHaveRun, !isClosed {
            // The node has left the cluster and the command was still here.
            trip.hop = trip.route.pause(using: &trip.generator)
            guard try await trip.wait() else { throw error }
        } else {
            throw error
        }
    }

    private nonisolated(nonsending) func prepare(
        _ trip: inout Trip, after error: RedisClientError, _ refusal: ClusterRefusal
    ) async throws(RedisClientError) {
        switch refusal {
        case .moved(let slot, let address): move(slot, to: address)
        case .clusterDown, .readOnly: doubtMap()
        case .ask, .tryAgain: break
        }
        guard let hop = trip.route.hop(after: refusal, using: &trip.generator) else { throw error }
        trip.hop = hop
        guard try await trip.wait() else { throw error }
    }

    /// The node that serves `target`, waited for until the trip's end.
    private nonisolated(nonsending) func address(
        of target: Target, _ trip: inout Trip
    ) async throws(RedisClientError) -> RedisAddress {
        while true {
            if let found = address(of: target) { return found }
            doubtMap()
            trip.hop = trip.route.pause(using: &trip.generator)
            guard try await trip.wait() else {
                throw RedisClientError(
                    .notConnected, "no node of \(configuration) serves the key", mayHaveRun: false,
                    underlying: lastFailure)
            }
        }
    }

    private func link(to address: RedisAddress, of nodes: ClusterNodes) throws(RedisClientError) -> RedisLink {
        guard let link = nodes.link(to: address) else {
            throw RedisClientError(.shutDown, "the client was shut down", mayHaveRun: false)
        }
        return link
    }

    private func deadline(after timeout: Duration?) -> ContinuousClock.Instant {
        .now + min(timeout ?? configuration.commandTimeout, RedisLink.longestTimeout)
    }
}
