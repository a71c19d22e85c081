import CHiredis
import NIOCore

/// Writes commands in the protocol's form, which hiredis makes.
///
/// It keeps the space in which the arguments are laid out for hiredis, so that a command costs one allocation, that of
/// hiredis for the result. Used by one event loop; unchecked by the compiler as pointers are.
struct CommandEncoder: ~Copyable {
    private var space = UnsafeMutableRawBufferPointer.allocate(byteCount: 1024, alignment: 1)
    private var pointers: [UnsafePointer<CChar>?] = []
    private var lengths: [Int] = []

    deinit {
        space.deallocate()
    }

    /// Appends `command` to `buffer`; a script call goes by the script's source or by its digest.
    mutating func encode(_ command: RedisCommand, withSource: Bool, into buffer: inout ByteBuffer) {
        lengths.removeAll(keepingCapacity: true)
        pointers.removeAll(keepingCapacity: true)
        var size = 0
        let head: [RedisArgument] =
            switch command.script {
            case .some(let script) where withSource: ["EVAL", RedisArgument(script.source)]
            case .some(let script): script.callByDigest
            case nil: []
            }
        for argument in head { measure(argument, &size) }
        for argument in command.arguments { measure(argument, &size) }
        reserve(size)

        var position = space.baseAddress!
        for argument in head { place(argument, at: &position) }
        for argument in command.arguments { place(argument, at: &position) }

        var formatted: UnsafeMutablePointer<CChar>?
        let count = redisFormatCommandArgv(&formatted, Int32(lengths.count), &pointers, lengths)
        guard count >= 0, let formatted else { fatalError("out of memory") }
        buffer.writeBytes(UnsafeRawBufferPointer(start: formatted, count: Int(count)))
        redisFreeCommand(formatted)
    }

    private mutating func measure(_ argument: RedisArgument, _ size: inout Int) {
        let count = argument.byteCount
        lengths.append(count)
        size += count
    }

    private mutating func place(_ argument: RedisArgument, at position: inout UnsafeMutableRawPointer) {
        argument.copy(to: position)
        let length = lengths[pointers.count]
        pointers.append(UnsafePointer(position.assumingMemoryBound(to: CChar.self)))
        position += length
    }

    private mutating func reserve(_ size: Int) {
        guard space.count < size else { return }
        space.deallocate()
        space = .allocate(byteCount: size * 2, alignment: 1)
    }
}
