import CLibpq
import Glibc

/// One exchange with the server: what is common to statements, batches and scripts.
extension ConnectionHandle {
    /// Runs `exchange` within its limits and leaves the connection either clean or closed.
    ///
    /// When a limit is reached the server is asked to stop. If it says that it did, the connection lives on and
    /// nothing was kept; if it finished all the same, its answer counts; if it says nothing within the grace period,
    /// the connection is closed and the outcome is unknown.
    /// - Parameter hasEffects: whether what is sent may change anything.
    func perform<T>(
        _ limits: CallLimits, hasEffects: Bool = true,
        _ exchange: (inout OngoingCall) throws(PostgresError) -> T
    ) throws(PostgresError) -> T {
        guard !isBroken else {
            close()
            throw PostgresError(.connection, "the connection is closed")
        }
        var call = OngoingCall(limits)
        if let reason = call.reached(now: .now) { throw PostgresError(reason.code, reason.message) }
        let isPermanent = hasEffects && (limits.commits || !isInTransaction)
        let outcome: Result<T, PostgresError>
        do throws(PostgresError) {
            outcome = .success(try exchange(&call))
        } catch {
            outcome = .failure(error)
        }
        awaitCancelRequest(call)
        settle()
        switch outcome {
        case .success(let value): return value
        case .failure(var error):
            let isUnknown = error.code == .connection
            error.mayHaveRun = isUnknown && call.isSent && isPermanent
            if let reason = call.interruption, isUnknown || error.sqlState == .queryCanceled {
                error.code = reason.code
                error.message = reason.message + (isUnknown ? "; the connection was given up" : "")
            }
            throw error
        }
    }

    /// Sends all that libpq holds back, reading meanwhile, so that neither side waits for the other for ever.
    func flush(_ call: inout OngoingCall) throws(PostgresError) {
        call.isSent = true
        while true {
            switch PQflush(pointer) {
            case 0: return
            case 1: try progress(Int16(POLLIN | POLLOUT), &call)
            default: throw lost()
            }
        }
    }

    /// The next result; nil where libpq marks the end of one statement's results.
    func nextResult(_ call: inout OngoingCall) throws(PostgresError) -> OpaquePointer? {
        while PQisBusy(pointer) != 0 {
            do throws(PostgresError) {
                try progress(Int16(POLLIN), &call)
            } catch  where isBroken {
                break  // What the server said before it hung up is still to be read.
            }
        }
        return PQgetResult(pointer)
    }

    /// Waits until the socket is ready and reads what is there.
    private func progress(_ events: Int16, _ call: inout OngoingCall) throws(PostgresError) {
        while true {
            let now = ContinuousClock.now
            if call.interruption == nil, let reason = call.reached(now: now) {
                call.interrupt(reason, now: now, grace: configuration.cancelGrace)
            }
            if call.interruption != nil {
                guard now < call.limit else {
                    throw PostgresError(.connection, "no answer to the request to stop")
                }
                if call.needsCancelRequest(now: now), let pointer {
                    call.requested(CancelRequest(pointer, wake: wake), now: now)
                }
            }
            let happened = poll(events, until: call.nextLook)
            guard happened != 0 else { continue }
            if happened & ~Int16(POLLOUT) != 0, PQconsumeInput(pointer) == 0 { throw lost() }
            return
        }
    }

    /// A request to stop that is still on its way could hit the next statement: wait for it, or close.
    private func awaitCancelRequest(_ call: OngoingCall) {
        guard let request = call.cancelRequest else { return }
        while !request.isFinished {
            guard ContinuousClock.now < call.limit else { return close() }
            _ = poll(0, until: call.limit)
            if isBroken { return }
        }
    }
}
