import Foundation
import TestSupport

/// A lane's time with one worker.
struct Tenure: Hashable, Sendable {
    let partition: Int
    let epoch: Int
}

extension SaleStack {
    /// Makes Postgres note, for each order and each stock figure that is written from now on, who wrote it, by the
    /// `application_name` of the connection, and the epoch of the partition's lease at that moment.
    func recordWrites() throws {
        try postgres.psql(
            """
            CREATE TABLE writes (name text, partition int, epoch bigint);
            CREATE FUNCTION record_write() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                INSERT INTO writes SELECT current_setting('application_name'), NEW.partition, epoch
                FROM worker_leases WHERE partition = NEW.partition;
                RETURN NULL;
            END $$;
            CREATE TRIGGER record_write AFTER INSERT OR UPDATE ON ticket_orders
            FOR EACH ROW EXECUTE FUNCTION record_write();
            CREATE TRIGGER record_write AFTER INSERT OR UPDATE ON events
            FOR EACH ROW EXECUTE FUNCTION record_write();
            """, url: databaseURL)
    }

    /// Under which epochs a name has written, since `recordWrites`.
    func writes(by name: String) throws -> Set<Tenure> {
        let rows = try postgres.psql(
            "SELECT DISTINCT partition, epoch FROM writes WHERE name = '\(name)'", url: databaseURL)
        return Set(
            rows.split(separator: "\n").compactMap { row in
                let fields = row.split(separator: "|").compactMap { Int($0) }
                return fields.count == 2 ? Tenure(partition: fields[0], epoch: fields[1]) : nil
            })
    }

    /// The tenures that lines of a worker's log with this message name.
    func epochs(_ message: String, in log: String) -> Set<Tenure> {
        Set(
            log.split(separator: "\n").filter { $0.contains("msg=\(message) ") }.compactMap { line in
                func field(_ name: String) -> Int? {
                    line.split(separator: " ").first { $0.hasPrefix(name + "=") }
                        .flatMap { Int($0.dropFirst(name.count + 1)) }
                }
                guard let partition = field("partition"), let epoch = field("lane.epoch") else { return nil }
                return Tenure(partition: partition, epoch: epoch)
            })
    }
}
