import PostgresClient
import Ticketing

/// Two statements, so that the second sees the row of whoever was first: the first one waits for it.
enum ClaimPartitions {
    static func insert(_ partitioning: Partitioning) -> PostgresQuery {
        """
        INSERT INTO deployment (partitions) VALUES (\(Int32(partitioning.count))) ON CONFLICT (only_row) DO NOTHING
        """
    }

    static let select: PostgresQuery = "SELECT partitions FROM deployment"
}
