/// One argument of a command: text (sent as UTF-8), an integer (sent in decimal) or bytes.
package struct RedisArgument: Sendable, Hashable {
    enum Storage: Sendable, Hashable {
        case text(String)
        case bytes([UInt8])
    }

    let storage: Storage

    package init(_ text: String) {
        self.storage = .text(text)
    }

    /// Numbers of up to 15 digits fit into the string itself, so that none of them costs an allocation.
    package init(_ number: some BinaryInteger) {
        self.storage = .text(String(number))
    }

    package init(bytes: [UInt8]) {
        self.storage = .bytes(bytes)
    }
}

extension RedisArgument: ExpressibleByStringLiteral, ExpressibleByStringInterpolation {
    package init(stringLiteral value: String) {
        self.init(value)
    }
}

extension RedisArgument: ExpressibleByIntegerLiteral {
    package init(integerLiteral value: Int) {
        self.init(value)
    }
}

extension RedisArgument {
    /// The size of the argument on the wire, without its header.
    var byteCount: Int {
        switch storage {
        case .text(let text): text.utf8.count
        case .bytes(let bytes): bytes.count
        }
    }

    /// Copies the argument to `destination`, which has room for `byteCount` bytes.
    func copy(to destination: UnsafeMutableRawPointer) {
        switch storage {
        case .text(let text):
            var text = text
            text.withUTF8 { if let base = $0.baseAddress { destination.copyMemory(from: base, byteCount: $0.count) } }
        case .bytes(let bytes):
            bytes.withUnsafeBytes {
                if let base = $0.baseAddress { destination.copyMemory(from: base, byteCount: $0.count) }
            }
        }
    }
}
