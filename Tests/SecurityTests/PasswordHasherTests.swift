import Foundation
import OnsaleConfiguration
import Synchronization
import Testing
import Threads

@testable import Security

@Suite struct ScryptTests {
    /// RFC 7914 §12. Its fourth vector needs 1 GiB and is left out.
    @Test(arguments: [
        (
            "", "", ScryptParameters(logN: 4, r: 1, p: 1),
            "77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442"
                + "fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c38d18906"
        ),
        (
            "password", "NaCl", ScryptParameters(logN: 10, r: 8, p: 16),
            "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162"
                + "2eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640"
        ),
        (
            "pleaseletmein", "SodiumChloride", ScryptParameters(logN: 14, r: 8, p: 1),
            "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2"
                + "d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887"
        ),
    ])
    func theVectorsOfTheStandardAreReproduced(
        password: String, salt: String, parameters: ScryptParameters, expected: String
    ) throws {
        let key = try Scrypt.derive(
            password: Array(password.utf8), salt: Array(salt.utf8), parameters: parameters, byteCount: 64)
        let hex = key.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        #expect(hex == expected)
    }

    @Test func parametersThatWouldTakeTheMemoryAreRefused() {
        for parameters in [
            ScryptParameters(logN: 20, r: 32, p: 1), ScryptParameters(logN: 63, r: 8, p: 1),
            ScryptParameters(logN: 0, r: 8, p: 1), ScryptParameters(logN: 15, r: 0, p: 1),
            ScryptParameters(logN: 15, r: 8, p: -1),
        ] {
            #expect(throws: PasswordError.self) {
                try Scrypt.derive(password: [], salt: [], parameters: parameters, byteCount: 32)
            }
        }
    }
}

@Suite struct PasswordHasherTests {
    private let quick = ScryptParameters(logN: 4, r: 8, p: 1)

    private func hasher(_ parameters: ScryptParameters? = nil) throws -> PasswordHasher {
        try PasswordHasher(configuration: PasswordConfiguration(parameters: parameters ?? quick))
    }

    @Test func aPasswordMatchesItsHashAndNoOtherDoes() async throws {
        let hasher = try hasher()
        let stored = try await hasher.hash("correct horse ü")
        #expect(stored.contains(#/^\$scrypt\$ln=4,r=8,p=1\$[A-Za-z0-9+\/]{22}\$[A-Za-z0-9+\/]{43}$/#))
        #expect(try await hasher.verify("correct horse ü", against: stored))
        for other in ["", "correct horse", "correct horse ü ", "Correct horse ü"] {
            #expect(try await hasher.verify(other, against: stored) == false)
        }
    }

    @Test func theSamePasswordHasAnotherHashEachTime() async throws {
        let hasher = try hasher()
        let first = try await hasher.hash("x")
        let second = try await hasher.hash("x")
        #expect(first != second)
    }

    @Test func aStoredHashKeepsItsOwnParameters() async throws {
        let old = try hasher(ScryptParameters(logN: 5, r: 4, p: 2))
        let new = try hasher()
        let stored = try await old.hash("x")
        #expect(try await new.verify("x", against: stored))
        #expect(new.needsRehash(stored))
        #expect(old.needsRehash(stored) == false)
        #expect(new.needsRehash("not a hash"))
    }

    @Test(arguments: [
        "", "x", "$scrypt$ln=4,r=8,p=1$AAAAAAAAAAAAAAAAAAAAAA", "$argon2id$ln=4,r=8,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAA",
        "$scrypt$ln=4,r=8$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "$scrypt$r=8,ln=4,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "$scrypt$ln=40,r=8,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "$scrypt$ln=4,r=8,p=1$AAAAAAAAAAAAAAAAAAAAAA$",
        "$scrypt$ln=4,r=8,p=1$AAAAAAAAAAAAAAAAAAAAAA==$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "$scrypt$ln=4,r=8,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA$",
    ])
    func aDamagedStoredHashIsAnErrorNotAMatch(stored: String) async throws {
        let hasher = try hasher()
        let error = await #expect(throws: PasswordError.self) { try await hasher.verify("x", against: stored) }
        #expect(error?.code == .malformedHash)
    }

    @Test func aVeryLongPasswordIsRefused() async throws {
        let hasher = try hasher()
        let longest = String(repeating: "x", count: PasswordHasher.maximumPasswordBytes)
        #expect(try await hasher.verify(longest, against: hasher.hash(longest)))
        let error = await #expect(throws: PasswordError.self) { try await hasher.hash(longest + "x") }
        #expect(error?.code == .passwordTooLong)
    }

    /// A pool whose only thread waits until `release` is signalled.
    private func occupiedThreads(queueLimit: Int) throws -> (WorkerThreads, release: DispatchSemaphore) {
        let threads = try WorkerThreads(count: 1, queueLimit: queueLimit, idle: false)
        let started = DispatchSemaphore(value: 0)
        let release = DispatchSemaphore(value: 0)
        #expect(
            threads.submit {
                started.signal()
                release.wait()
            })
        started.wait()
        return (threads, release)
    }

    @Test func whenTheQueueIsFullTheNextOneIsRefusedAtOnceAndTheOthersEnd() async throws {
        let (threads, release) = try occupiedThreads(queueLimit: 2)
        let hasher = PasswordHasher(parameters: quick, threads: threads, idleThreads: try .one())
        try await withThrowingTaskGroup(of: String.self) { group in
            // Also when an expectation below fails: a task that waits for the thread would wait for ever.
            defer { release.signal() }
            group.addTask { try await hasher.hash("one") }
            group.addTask { try await hasher.hash("two") }
            while hasher.waiting < 2 { await Task.yield() }

            try #require(threads.submit {} == false)
            for _ in 0..<3 {
                let error = await #expect(throws: PasswordError.self) { try await hasher.verifyAgainstNobody("x") }
                #expect(error?.code == .busy)
            }
            #expect(throws: PasswordError.self) { try hasher.requireRoom() }
            release.signal()  // the second signal, at the end, finds nobody
            for try await stored in group { #expect(stored.hasPrefix("$scrypt$")) }
        }
        try hasher.requireRoom()  // there is room again
        try await hasher.verifyAgainstNobody("x")
        #expect(hasher.waiting == 0)
    }

    @Test func aCancelledLogInThatStillWaitsIsNotComputed() async throws {
        let (threads, release) = try occupiedThreads(queueLimit: 2)
        let hasher = PasswordHasher(parameters: quick, threads: threads, idleThreads: try .one())
        let task = Task { try await hasher.hash("x") }
        while hasher.waiting < 1 { await Task.yield() }
        task.cancel()
        release.signal()
        let error = await #expect(throws: PasswordError.self) { try await task.value }
        #expect(error?.code == .cancelled)
    }

    /// The threads of this process that only run while a processor is idle.
    private func idleThreads() throws -> Set<String> {
        try Set(
            FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").filter { thread in
                // A thread that has just ended has no such file any more.
                guard let line = try? String(contentsOfFile: "/proc/self/task/\(thread)/stat", encoding: .utf8),
                    let name = line.lastIndex(of: ")")
                else { return false }
                // The policy is field 41 (proc(5)); the first after the name, its state, is field 3.
                return line[name...].split(separator: " ")[39] == "\(WorkerThreads.idlePolicy)"
            })
    }

    @Test func whatNoProcessorHasTimeForIsRefusedAndNotComputedLater() async throws {
        let (idleThreads, release) = try occupiedThreads(queueLimit: 1)
        let hasher = PasswordHasher(
            parameters: quick, threads: try .one(), idleThreads: idleThreads, patience: .milliseconds(20))
        for _ in 0..<3 {  // the second and third are not even in line
            let error = await #expect(throws: PasswordError.self) { try await hasher.hash("x") }
            #expect(error?.code == .busy)
        }
        #expect(idleThreads.run(until: .now() + .seconds(60)) { 1 } == nil)
        #expect(hasher.waiting == 0)
        release.signal()
        #expect(hasher.computed == 0)
        // The one that was in line is passed over, and makes room.
        while idleThreads.waiting > 0 { await Task.yield() }
        let patient = PasswordHasher(parameters: quick, threads: try .one(), idleThreads: idleThreads)
        _ = try await patient.hash("x")
        #expect((hasher.computed, patient.computed) == (0, 1))
    }

    @Test(arguments: [
        (0, 1, 60, 60, true), (1, 1, 5, 0, true), (1, 1, 6, 0, false), (1, 1, 0, 5, true), (1, 1, 0, 6, false),
        (9, 1, 1, 0, true), (10, 1, 1, 0, false), (10, 2, 1, 0, true), (1, 2, 10, 0, true), (1, 2, 11, 0, false),
    ])
    func oneIsAskedForOnlyWhenAllAheadOfItAreDoneInTime(
        ahead: Int, threads: Int, latest: Int, underWay: Int, isTimely: Bool
    ) {
        let found = PasswordHasher.isTimely(
            ahead: ahead, threads: threads, latest: latest, underWay: underWay, patience: 10)
        #expect(found == isTimely)
    }

    /// Without a look at the time, thirty more would wait for what cannot come, each after a question to the database.
    @Test(.timeLimit(.minutes(1)))
    func whoWouldNotBeServedInTimeIsRefusedAtOnceUntilTheThreadIsFree() async throws {
        let (idleThreads, release) = try occupiedThreads(queueLimit: 1)
        defer { release.signal() }
        let hasher = PasswordHasher(
            parameters: quick, threads: try .one(), idleThreads: idleThreads, patience: .seconds(3))
        #expect(!hasher.isFull)
        let isFirstOver = CancellationFlag()
        let first = Task {
            defer { isFirstOver.set() }
            return try await hasher.hash("x")
        }
        while !hasher.isFull {
            try Task.checkCancellation()
            await Task.yield()
        }
        let error = await #expect(throws: PasswordError.self) { try await hasher.hash("x") }
        #expect(error?.code == .busy)
        #expect(!isFirstOver.isSet)
        // Nor when nobody waits any more for what keeps the thread busy.
        _ = await first.result
        #expect(hasher.waiting == 0)
        #expect(throws: PasswordError.self) { try hasher.requireRoom() }
        release.signal()
        while hasher.isFull {
            try Task.checkCancellation()
            await Task.yield()
        }
    }

    /// With nothing under way one is tried, however long the last has taken: or that would have been the last.
    @Test(.timeLimit(.minutes(1))) func aComputationThatTookTooLongIsFollowedByAnother() async throws {
        let hasher = PasswordHasher(
            parameters: ScryptParameters(logN: 15, r: 8, p: 1), threads: try .one(), idleThreads: try .one(),
            patience: .milliseconds(20))
        while hasher.computed < 3 {
            try Task.checkCancellation()
            await #expect(throws: PasswordError.self) { try await hasher.hash("x") }
            await Task.yield()
        }
    }

    /// With `idle: false` for the threads that compute this fails.
    @Test func passwordsAreHashedWhilePurchasesLeaveAProcessorIdle() async throws {
        let before = try idleThreads()
        let hasher = try hasher()
        _ = try await hasher.hash("x")
        #expect(try idleThreads().subtracting(before).count == 1)
        try await hasher.verifyAgainstNobody("x")  // the thread still lives
    }

    /// A thread of Swift's pool that is started by an idle one is idle too, with whatever runs on it later. If the
    /// computation resumed its task by itself, this would fail.
    @Test func noIdleThreadResumesATask() async throws {
        let executor = PolicyRecorder()
        let hasher = try hasher()
        try await withTaskExecutorPreference(executor) {
            for _ in 0..<3 { _ = try await hasher.hash("x") }
        }
        let policies = executor.policies.withLock(\.self)
        #expect(policies.count >= 3)
        #expect(!policies.contains(WorkerThreads.idlePolicy))
    }

    @Test func jobsAlreadyTakenRunToTheirEndWhenThePoolGoes() async throws {
        let count = 50
        let done = DispatchSemaphore(value: 0)
        do {
            let threads = try WorkerThreads(count: 3, queueLimit: count, idle: false)
            for _ in 0..<count { #expect(threads.submit { done.signal() }) }
        }
        await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                for _ in 0..<count { done.wait() }
                continuation.resume()
            }
        }
    }

    @Test func settingsAreCheckedAndNamed() throws {
        let reader = ConfigReader(
            provider: EnvironmentVariablesProvider(environmentVariables: [
                "PASSWORD_SCRYPT_LN": "12", "PASSWORD_THREADS": "2",
            ]))
        let configuration = try PasswordConfiguration(config: reader)
        #expect(configuration.parameters == ScryptParameters(logN: 12, r: 8, p: 3))
        #expect(configuration.threads == 2)
        #expect(configuration.queueLimit == 32)
        let wrong = ConfigReader(
            provider: EnvironmentVariablesProvider(environmentVariables: ["PASSWORD_SCRYPT_LN": "30"]))
        let error = #expect(throws: ConfigurationError.self) { try PasswordConfiguration(config: wrong) }
        #expect(error?.subject == "PASSWORD_SCRYPT_LN")
    }
}

/// Runs tasks on a queue of its own, and keeps the scheduling policy of each thread that hands one over.
private final class PolicyRecorder: TaskExecutor {
    let policies = Mutex<[Int32]>([])
    private let queue = DispatchQueue(label: "policies")

    func enqueue(_ job: consuming ExecutorJob) {
        policies.withLock { $0.append(sched_getscheduler(0)) }
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}

extension WorkerThreads {
    fileprivate static func one() throws -> WorkerThreads { try WorkerThreads(count: 1, queueLimit: 8, idle: false) }
}
