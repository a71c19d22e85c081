/// The statements a connection has prepared, by their text and parameter types: the least recently used one makes
/// room. Names are never used twice, so a statement that the server has forgotten cannot be mistaken for another.
struct StatementCache {
    struct Key: Hashable {
        let text: String
        let types: [UInt32]
    }

    /// The programs have some 60 statements; each costs the server up to some 100 KiB of plan.
    static let defaultCapacity = 256

    private struct Entry {
        let name: String
        var lastUse: UInt64
    }

    let capacity: Int
    private var entries: [Key: Entry] = [:]
    private var clock: UInt64 = 0
    private var namesGiven: UInt64 = 0

    init(capacity: Int = defaultCapacity) { self.capacity = capacity }

    func hasRoom(for count: Int) -> Bool { entries.count + count <= capacity }

    /// The name of a statement that is prepared; nil when it is not.
    mutating func name(of key: Key) -> String? {
        guard let index = entries.index(forKey: key) else { return nil }
        clock += 1
        entries.values[index].lastUse = clock
        return entries.values[index].name
    }

    mutating func newName() -> String {
        namesGiven += 1
        return "s\(namesGiven)"
    }

    /// Records that the server has prepared `key` under `name`.
    mutating func insert(_ key: Key, name: String) {
        clock += 1
        entries[key] = Entry(name: name, lastUse: clock)
    }

    /// Forgets the statement unused for longest and returns its name, which the server must forget as well.
    mutating func evict() -> String? {
        guard let oldest = entries.min(by: { $0.value.lastUse < $1.value.lastUse }) else { return nil }
        entries[oldest.key] = nil
        return oldest.value.name
    }

    mutating func removeAll() { entries.removeAll(keepingCapacity: true) }
}
