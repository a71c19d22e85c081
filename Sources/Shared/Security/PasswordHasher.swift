import Dispatch
import Synchronization
import Threads

/// Hashes and compares passwords with scrypt, on threads of its own.
///
/// One computation takes a third of a second with the standard parameters, so the number of threads bounds what log-ins
/// can take from purchases, and a patience of ten seconds bounds how long a log-in waits. One that would wait for longer,
/// going by how long computations take at present, is refused as `busy` at once. The computations run while the purchases
/// leave a processor idle, with rests: beside a sale one takes seconds, and on a machine without a moment to spare no
/// password is hashed in time.
package final class PasswordHasher: Sendable {
    /// Longer passwords are refused: nobody types them, and hashing megabytes would be a way to keep a thread busy.
    package static let maximumPasswordBytes = 1024

    /// Bytes of a salt: 128 bits never repeat by chance (PHC string format's recommendation).
    private static let saltBytes = 16
    /// Bytes of a hash: as many as SHA-256 gives, on which scrypt is built.
    private static let hashBytes = 32

    private let parameters: ScryptParameters
    /// Each takes a password from the queue, waits for its hash, and resumes who waits for it.
    private let threads: WorkerThreads
    /// As many, which do nothing but the computations.
    private let idleThreads: WorkerThreads
    /// In nanoseconds, as are the next two.
    private let patience: Int
    /// How long the latest computation took, from when an idle thread was asked for it.
    private let latest = Atomic(0)
    /// Since when the idle threads have been at a computation; 0 for none. With several threads the end of one hides since
    /// when the others are at theirs.
    private let begun = Atomic(0)
    private let computations = Atomic(0)

    package convenience init(configuration: PasswordConfiguration = PasswordConfiguration()) throws(PasswordError) {
        let count = configuration.threads
        do {
            self.init(
                parameters: configuration.parameters,
                threads: try WorkerThreads(count: count, queueLimit: configuration.queueLimit, idle: false),
                idleThreads: try WorkerThreads(count: count, queueLimit: count, idle: true))
        } catch {
            throw PasswordError(.library, "\(error)")
        }
    }

    /// - Parameter patience: How long a password waits for its hash. In ten seconds one thread with a processor to itself
    ///   hashes thirty, and hardly a person waits for longer.
    init(
        parameters: ScryptParameters, threads: WorkerThreads, idleThreads: WorkerThreads,
        patience: Duration = .seconds(10)
    ) {
        self.parameters = parameters
        self.threads = threads
        self.idleThreads = idleThreads
        self.patience = Int(patience / .nanoseconds(1))
    }

    /// Computations that wait for a thread, for a gauge.
    package var waiting: Int { threads.waiting }

    /// Computations that have begun so far, for a gauge.
    package var computed: Int { computations.load(ordering: .relaxed) }

    /// Whether a computation would be refused now.
    package var isFull: Bool { !isTimely || threads.isFull }

    /// Without this, the waiting would be refused together, after ten seconds each and a look-up in the database.
    private var isTimely: Bool {
        let begun = begun.load(ordering: .relaxed)
        return Self.isTimely(
            ahead: threads.waiting + idleThreads.unfinished, threads: idleThreads.count,
            latest: latest.load(ordering: .relaxed), underWay: begun == 0 ? 0 : Self.now - begun, patience: patience)
    }

    /// Whether a computation asked for now would be done in time, if each took as long as the latest, or as the one under
    /// way has taken already. With none ahead it is tried in any case: nobody would know of better times otherwise. All
    /// times in nanoseconds.
    static func isTimely(ahead: Int, threads: Int, latest: Int, underWay: Int, patience: Int) -> Bool {
        ahead == 0 || max(latest, underWay) * (ahead / threads + 1) <= patience
    }

    private static var now: Int { Int(DispatchTime.now().uptimeNanoseconds) }

    /// For who has work to do before a computation that would be refused.
    package func requireRoom() throws(PasswordError) {
        if isFull { throw Self.busy }
    }

    /// The text to store for a new password.
    package func hash(_ password: String) async throws(PasswordError) -> String {
        let parameters = parameters
        let password = try Self.bytes(of: password)
        return try await run { () throws(PasswordError) in
            let salt = try Scrypt.randomBytes(Self.saltBytes)
            let hash = try Scrypt.derive(
                password: password, salt: salt, parameters: parameters, byteCount: Self.hashBytes)
            return ScryptHash(parameters: parameters, salt: salt, hash: hash).description
        }
    }

    /// Whether `password` is the one that `stored` was made from.
    package func verify(_ password: String, against stored: String) async throws(PasswordError) -> Bool {
        let stored = try ScryptHash(stored)
        let password = try Self.bytes(of: password)
        return try await run { () throws(PasswordError) in
            let hash = try Scrypt.derive(
                password: password, salt: stored.salt, parameters: stored.parameters, byteCount: stored.hash.count)
            return Scrypt.equal(hash, stored.hash)
        }
    }

    /// Takes as long as `verify`, for an e-mail address nobody has: the time of an answer must not tell which exist.
    package func verifyAgainstNobody(_ password: String) async throws(PasswordError) {
        let parameters = parameters
        let password = try Self.bytes(of: password)
        _ = try await run { () throws(PasswordError) in
            try Scrypt.derive(
                password: password, salt: [UInt8](repeating: 0, count: Self.saltBytes), parameters: parameters,
                byteCount: Self.hashBytes)
        }
    }

    /// Whether `stored` was made with other parameters than today's: hash the password anew at the next log-in.
    package func needsRehash(_ stored: String) -> Bool {
        guard let stored = try? ScryptHash(stored) else { return true }  // unreadable: any new hash is better
        return stored.parameters != parameters
    }

    private static var busy: PasswordError { PasswordError(.busy, "too many passwords to check") }

    private static func bytes(of password: String) throws(PasswordError) -> [UInt8] {
        guard password.utf8.count <= maximumPasswordBytes else {
            throw PasswordError(.passwordTooLong, "at most \(maximumPasswordBytes) bytes")
        }
        return Array(password.utf8)
    }

    /// Runs `work` on an idle thread. Work of a task that was cancelled while it waited is skipped.
    private func run<Value: Sendable>(
        _ work: @escaping @Sendable () throws(PasswordError) -> Value
    ) async throws(PasswordError) -> Value {
        try requireRoom()
        let isCancelled = CancellationFlag()
        let deadline = DispatchTime.now() + .nanoseconds(patience)
        let result: Result<Value, PasswordError> = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let accepted = threads.submit {
                    guard !isCancelled.isSet else {
                        continuation.resume(returning: .failure(PasswordError(.cancelled, "nobody waits any more")))
                        return
                    }
                    let result = self.compute(work, until: deadline)
                    continuation.resume(returning: result ?? .failure(Self.busy))
                }
                if !accepted {
                    continuation.resume(returning: .failure(Self.busy))
                }
            }
        } onCancel: {
            isCancelled.set()
        }
        return try result.get()
    }

    /// - Returns: Nil when it was not done at `deadline`.
    private func compute<Value: Sendable>(
        _ work: @escaping @Sendable () throws(PasswordError) -> Value, until deadline: DispatchTime
    ) -> Result<Value, PasswordError>? {
        let start = Self.now
        // What was passed over because nobody waited for it any more has left its time.
        if idleThreads.unfinished == 0 { begun.store(start, ordering: .relaxed) }
        return idleThreads.run(until: deadline) {
            self.computations.add(1, ordering: .relaxed)
            let result = Result(catching: work)
            let end = Self.now
            self.latest.store(end - start, ordering: .relaxed)
            self.begun.store(self.idleThreads.unfinished > 1 ? end : 0, ordering: .relaxed)
            return result
        }
    }
}
