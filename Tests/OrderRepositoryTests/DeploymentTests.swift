import TestSupport
import Testing
import Ticketing

@testable import OrderRepository

@Suite struct DeploymentTests {
    @Test func theFirstProgramFixesTheNumberOfPartitionsAndAnotherNumberIsRefused() async throws {
        try await withDatabase { database async throws in
            let deployment = Deployment(postgres: database.postgres)
            try await deployment.claimPartitions(Partitioning(count: 16))
            try await deployment.claimPartitions(Partitioning(count: 16))
            let error = await #expect(throws: DeploymentError.self) {
                try await deployment.claimPartitions(Partitioning(count: 8))
            }
            #expect(error?.code == .partitionsDiffer)
            #expect(error?.message.contains("PARTITIONS is 8") == true)
            #expect(error?.message.contains("16") == true)
            #expect(try database.sql("SELECT partitions FROM deployment") == "16")
        }
    }

    @Test func ofTwoProgramsThatStartAtOnceWithDifferentNumbersOneIsRefused() async throws {
        try await withDatabase { database async throws in
            let refused = await withTaskGroup(of: Bool.self) { group in
                for count in [3, 5, 3, 5, 3, 5] {
                    group.addTask {
                        do {
                            try await Deployment(postgres: database.postgres).claimPartitions(
                                Partitioning(count: count))
                            return false
                        } catch {
                            return true
                        }
                    }
                }
                return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(refused == 3)
        }
    }

    @Test func aDatabaseWithoutSchemaIsNamedAsSuch() async throws {
        let database = try TestDatabase.empty()
        let error = await #expect(throws: DeploymentError.self) {
            try await Deployment(postgres: database.postgres).claimPartitions(Partitioning(count: 16))
        }
        #expect(error?.code == .notMigrated)
        await database.close()
    }
}
