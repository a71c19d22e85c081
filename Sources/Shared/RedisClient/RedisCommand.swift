/// A command with its arguments, such as `RedisCommand("GET", "key")`.
package struct RedisCommand: Sendable {
    let arguments: [RedisArgument]
    /// The script that this command calls by its digest, if it is one.
    let script: RedisScript?

    package init(_ arguments: RedisArgument...) {
        self.init(arguments: arguments)
    }

    package init(arguments: [RedisArgument]) {
        precondition(!arguments.isEmpty, "a command has a name")
        self.arguments = arguments
        self.script = nil
    }

    /// `EVALSHA` of `script`; `arguments` start with the number of keys.
    init(script: RedisScript, arguments: [RedisArgument]) {
        self.arguments = arguments
        self.script = script
    }
}
