/// An answer by which a node of a cluster, or a replica, says that it did not run a command, and what to do about it.
enum ClusterRefusal: Equatable {
    /// The slot is another node's.
    case moved(HashSlot, to: RedisAddress)
    /// The slot is on its way to another node, which has the key already: this one command goes there, after `ASKING`.
    case ask(RedisAddress)
    /// Some of the command's keys are on either side of a slot on its way.
    case tryAgain
    /// The cluster, or the slot's part of it, serves nobody at the moment.
    case clusterDown
    /// The node was a primary and is a replica now.
    case readOnly

    /// Nil for every other error. `own` is who answered.
    init?(_ error: RedisServerError, answeredBy own: RedisAddress) {
        let words = error.message.split(separator: " ")
        switch words.first {
        case "MOVED":
            guard words.count == 3, let slot = Int(words[1]).flatMap({ HashSlot(number: $0) }),
                let address = RedisAddress(words[2], answeredBy: own)
            else { return nil }
            self = .moved(slot, to: address)
        case "ASK":
            guard words.count == 3, let address = RedisAddress(words[2], answeredBy: own) else { return nil }
            self = .ask(address)
        case "TRYAGAIN": self = .tryAgain
        case "CLUSTERDOWN": self = .clusterDown
        case "READONLY": self = .readOnly
        default: return nil
        }
    }
}
