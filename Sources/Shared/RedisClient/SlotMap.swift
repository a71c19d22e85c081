/// Which primary serves which slot, as one node told it and as redirections have corrected it since.
struct SlotMap: Sendable {
    /// The nodes of the cluster that were named, replicas included.
    private(set) var nodes: Set<RedisAddress> = []
    /// In the order in which they were named.
    private(set) var primaries: [RedisAddress] = []
    /// For each slot its primary's place in `primaries`, or `unserved`.
    private var owners = [UInt16](repeating: unserved, count: HashSlot.count)
    private static let unserved = UInt16.max

    /// Reads the reply to `CLUSTER SLOTS`: an array of first slot, last slot, primary, replicas; a node is its
    /// address, port and id. Nil when it is no such reply. `own` is who answered, for a node that does not know its own
    /// address; a node whose address nobody knows (`?`) is left out.
    init?(_ reply: RESPValue, answeredBy own: RedisAddress) {
        guard let ranges = reply.array else { return nil }
        for range in ranges {
            guard let parts = range.array, parts.count >= 3,
                let first = parts[0].integer.flatMap({ HashSlot(number: $0) }),
                let last = parts[1].integer.flatMap({ HashSlot(number: $0) }), first.number <= last.number
            else { return nil }
            for (index, part) in parts[2...].enumerated() {
                guard let node = part.array, node.count >= 2,
                    let port = node[1].integer.flatMap({ UInt16(exactly: $0) })
                else { return nil }
                let host = node[0].string ?? ""
                guard host != "?", port > 0 else { continue }
                let address = RedisAddress(host: host.isEmpty ? own.host : host, port: Int(port))
                nodes.insert(address)
                guard index == 0 else { continue }
                let owner = place(of: address)
                for slot in first.number...last.number { owners[Int(slot)] = owner }
            }
        }
    }

    /// The primary of `slot`, or nil when none was named.
    subscript(slot: HashSlot) -> RedisAddress? {
        let owner = owners[Int(slot.number)]
        return owner == Self.unserved ? nil : primaries[Int(owner)]
    }

    /// Takes note of what a `MOVED` said.
    mutating func move(_ slot: HashSlot, to address: RedisAddress) {
        nodes.insert(address)
        owners[Int(slot.number)] = place(of: address)
    }

    private mutating func place(of address: RedisAddress) -> UInt16 {
        if let place = primaries.firstIndex(of: address) { return UInt16(place) }
        primaries.append(address)
        return UInt16(primaries.count - 1)
    }
}
