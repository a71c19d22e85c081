/// A command with its arguments, such as `RedisCommand("GET", "key")`.
package struct RedisCommand: Sendable {
    let arguments: [RedisArgument]
    /// The script that this command calls by its digest, if it is one.
    let script: RedisScript?
    /// Whether the second argument is the key that decides which node of a cluster runs the command.
    private let hasKey: Bool
    /// Whether the reply waits until as many replicas have the command's effects as the configuration asks for.
    private(set) var needsReplicas = false

    /// A command without a key, such as `PING`, which any primary of a cluster may answer. One that does have keys
    /// runs as well, after a redirection that `init(_:key:_:)` saves.
    package init(_ arguments: RedisArgument...) {
        self.init(arguments: arguments)
    }

    package init(arguments: [RedisArgument]) {
        precondition(!arguments.isEmpty, "a command has a name")
        self.arguments = arguments
        self.script = nil
        self.hasKey = false
    }

    /// A command whose first argument is a key: `RedisCommand("HGET", key: "key", "field")`.
    package init(_ name: RedisArgument, key: RedisArgument, _ arguments: RedisArgument...) {
        var all: [RedisArgument] = []
        all.reserveCapacity(2 + arguments.count)
        all.append(name)
        all.append(key)
        all.append(contentsOf: arguments)
        self.arguments = all
        self.script = nil
        self.hasKey = true
    }

    /// `EVALSHA` of `script`; `arguments` start with the number of keys.
    init(script: RedisScript, arguments: [RedisArgument]) {
        self.arguments = arguments
        self.script = script
        self.hasKey = arguments[0] != "0"
    }

    /// The same command, whose reply is held back until `RedisConfiguration.waitReplicas` replicas have its effects.
    package func confirmedByReplicas() -> RedisCommand {
        var command = self
        command.needsReplicas = true
        return command
    }

    /// The same call with the script's source in it, for a server that may not know it and must not be asked twice.
    var bySource: RedisCommand {
        guard let script else { return self }
        var command = RedisCommand(arguments: ["EVAL", RedisArgument(script.source)] + arguments)
        command.needsReplicas = needsReplicas
        return command
    }

    /// The slot of the command's first key; nil when it has none.
    var slot: HashSlot? { hasKey ? HashSlot(of: arguments[1]) : nil }

    /// Whom in a cluster the command is for.
    var target: ClusterRouter.Target { slot.map { .slot($0) } ?? .anyPrimary }
}
