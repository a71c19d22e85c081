import PostgresClient
import Ticketing

/// Takes a lease that is free or has run out, by Postgres' clock. Epochs are milliseconds since 1970 so that they go on
/// rising in a database that was made anew: Redis may still have the marks of the one before.
enum AcquireLease {
    static func query(_ partition: Partition, owner: String, _ duration: Duration) -> PostgresQuery {
        """
        INSERT INTO worker_leases AS l (partition, owner, epoch, expires_at)
        VALUES (\(Int16(partition.number)), \(owner), (extract(epoch FROM clock_timestamp()) * 1000)::bigint,
                now() + \(duration.milliseconds) * interval '1 millisecond')
        ON CONFLICT (partition) DO UPDATE
        SET owner = excluded.owner, epoch = greatest(l.epoch + 1, excluded.epoch), expires_at = excluded.expires_at
        WHERE l.expires_at < now()
        RETURNING epoch
        """
    }
}

enum RenewLease {
    static func query(_ lease: Lease, _ duration: Duration) -> PostgresQuery {
        """
        UPDATE worker_leases SET expires_at = now() + \(duration.milliseconds) * interval '1 millisecond'
        WHERE partition = \(Int16(lease.partition.number)) AND epoch = \(lease.epoch)
        """
    }
}

/// The epoch stays: the next owner raises it, and writes under this lease remain fenced off.
enum GiveUpLease {
    static func query(_ lease: Lease) -> PostgresQuery {
        """
        UPDATE worker_leases SET expires_at = '-infinity'
        WHERE partition = \(Int16(lease.partition.number)) AND epoch = \(lease.epoch)
        """
    }
}

enum SelectLaneOwner {
    static func query(_ partition: Partition) -> PostgresQuery {
        "SELECT owner FROM worker_leases WHERE partition = \(Int16(partition.number)) AND expires_at >= now()"
    }
}

extension Duration {
    var milliseconds: Int64 { Int64(self / .milliseconds(1)) }
}
