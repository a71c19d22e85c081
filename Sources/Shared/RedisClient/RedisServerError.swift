/// An error reply of the Redis server, such as `WRONGTYPE Operation against a key holding the wrong kind of value`.
package struct RedisServerError: Error, Sendable, Hashable {
    /// The whole text of the reply, its prefix included.
    package let message: String

    package init(message: String) {
        self.message = message
    }

    /// The first word of the reply, by which errors are told apart: `ERR`, `NOSCRIPT`, `WRONGTYPE`, …
    package var prefix: String {
        String(message.prefix { $0 != " " })
    }

    /// The server does not know the script: nothing was executed.
    var isNoScript: Bool { message.hasPrefix("NOSCRIPT") }

    /// The server is a replica: nothing was executed.
    var isReadOnly: Bool { message.hasPrefix("READONLY") }

    /// The server refused the command before executing any of it.
    ///
    /// Other errors may come from the middle of a script, whose earlier writes stay. The prefixes are those that
    /// Redis 7.0 answers before a command or script starts (`processCommand` in its `server.c`); a script without a
    /// `#!` line meets `READONLY` at its first write, before which it has changed nothing.
    var wasRefused: Bool { Self.refusals.contains(prefix) }

    private static let refusals: Set<String> = [
        "NOSCRIPT", "NOAUTH", "WRONGPASS", "LOADING", "BUSY", "MASTERDOWN", "CLUSTERDOWN", "MOVED", "ASK",
        "TRYAGAIN", "READONLY", "EXECABORT", "NOPROTO",
    ]
}

extension RedisServerError: CustomStringConvertible {
    package var description: String { message }
}
