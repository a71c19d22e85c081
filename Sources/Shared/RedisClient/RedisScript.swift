/// A Lua script that the server keeps under the SHA-1 digest of its source.
///
/// A command made by `command(keys:arguments:)` knows the source. A connection sends the source (`EVAL`, which also
/// stores it) the first time it sees a script and the digest (`EVALSHA`) from then on; when the server has forgotten
/// the script meanwhile (`NOSCRIPT`), the source is sent again by itself, for single commands and for each element of
/// a pipeline. Such an element then runs after the rest of its pipeline; its reply has its own place.
package struct RedisScript: Sendable {
    /// Shared by all commands of the script, so that a command holds one reference instead of three strings.
    private final class Storage: Sendable {
        let name: String
        let source: String
        let sha1: String
        /// The start of an `EVALSHA`, made once.
        let callByDigest: [RedisArgument]

        init(name: String, source: String) {
            self.name = name
            self.source = source
            self.sha1 = SHA1.hexadecimalDigest(of: Array(source.utf8))
            self.callByDigest = ["EVALSHA", RedisArgument(sha1)]
        }
    }

    private let storage: Storage

    package init(name: String, source: String) {
        self.storage = Storage(name: name, source: source)
    }

    /// What the script is called in messages.
    package var name: String { storage.name }
    package var source: String { storage.source }
    /// The digest in 40 lower-case hexadecimal digits.
    package var sha1: String { storage.sha1 }

    var callByDigest: [RedisArgument] { storage.callByDigest }

    /// The call of the script with `keys` as `KEYS` and `arguments` as `ARGV`.
    package func command(keys: [RedisArgument], arguments: [RedisArgument] = []) -> RedisCommand {
        var all: [RedisArgument] = []
        all.reserveCapacity(1 + keys.count + arguments.count)
        all.append(RedisArgument(keys.count))
        all.append(contentsOf: keys)
        all.append(contentsOf: arguments)
        return RedisCommand(script: self, arguments: all)
    }
}
