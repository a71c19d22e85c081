import Crypto

/// One numbered step of the schema: what it does and what undoes it.
///
/// The text is that of `Migrations/NNNN_name.up.sql` and `.down.sql`. A migration that was released is never edited:
/// its checksum stands in every database it was applied to. The next change is a new file with the next number.
package struct Migration: Hashable, Sendable {
    /// From 1 without a gap.
    package let version: Int
    package let name: String
    let up: String
    let down: String

    package init(version: Int, name: String, up: String, down: String) {
        self.version = version
        self.name = name
        self.up = up
        self.down = down
    }

    /// SHA-256 of the `up` text, in hexadecimal. The `down` text is not part of it: it leaves no trace in a database.
    package var checksum: String {
        let digits = Array("0123456789abcdef".utf8)
        let bytes = SHA256.hash(data: Array(up.utf8)).flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension Migration {
    /// Every migration, in order.
    ///
    /// SwiftPM embeds a file under its name with an underscore for every character that a Swift name cannot have, so
    /// also for the leading digit: `0001_initial.up.sql` is `_001_initial_up_sql`.
    package static let all = [
        Migration(
            1, "initial", up: PackageResources._001_initial_up_sql, down: PackageResources._001_initial_down_sql),
        Migration(
            2, "unpublished_settlements", up: PackageResources._002_unpublished_settlements_up_sql,
            down: PackageResources._002_unpublished_settlements_down_sql),
        Migration(
            3, "outbox_dispatch", up: PackageResources._003_outbox_dispatch_up_sql,
            down: PackageResources._003_outbox_dispatch_down_sql),
        Migration(
            4, "overdue_orders", up: PackageResources._004_overdue_orders_up_sql,
            down: PackageResources._004_overdue_orders_down_sql),
        Migration(
            5, "outbox_dead", up: PackageResources._005_outbox_dead_up_sql,
            down: PackageResources._005_outbox_dead_down_sql),
        Migration(6, "mails", up: PackageResources._006_mails_up_sql, down: PackageResources._006_mails_down_sql),
        Migration(
            7, "accounts", up: PackageResources._007_accounts_up_sql, down: PackageResources._007_accounts_down_sql),
        Migration(
            8, "events", up: PackageResources._008_events_up_sql, down: PackageResources._008_events_down_sql),
        Migration(
            9, "refunds", up: PackageResources._009_refunds_up_sql, down: PackageResources._009_refunds_down_sql),
        Migration(
            10, "tickets", up: PackageResources._010_tickets_up_sql, down: PackageResources._010_tickets_down_sql),
    ]

    private init(_ version: Int, _ name: String, up: [UInt8], down: [UInt8]) {
        self.init(
            version: version, name: name, up: String(decoding: up, as: UTF8.self),
            down: String(decoding: down, as: UTF8.self))
    }
}
