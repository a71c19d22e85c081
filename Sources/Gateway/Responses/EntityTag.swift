import NIOCore

/// Entity tags and `If-None-Match` (RFC 9110 §8.8.3, §13.1.2).
enum EntityTag {
    /// A tag for bytes: FNV-1a, 64 bit. Within one resource a collision would show as one stale answer.
    static func of(_ body: ByteBuffer) -> String {
        let hash = body.readableBytesView.reduce(0xcbf2_9ce4_8422_2325 as UInt64) {
            ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01b3
        }
        return "\"\(String(hash, radix: 16))\""
    }

    /// Whether a header, one tag or a list of them or `*`, has the tag, by the weak comparison.
    static func matches(_ header: String, _ tag: String) -> Bool {
        if header == tag || header == "*" { return true }
        guard header.utf8.contains(UInt8(ascii: ",")) || header.utf8.count != tag.utf8.count else { return false }
        let wanted = opaque(tag[...])
        return header.split(separator: ",").contains { part in
            opaque(Substring(part.drop { $0 == " " || $0 == "\t" })) == wanted
        }
    }

    private static func opaque(_ tag: Substring) -> Substring {
        var tag = tag
        while tag.last == " " || tag.last == "\t" { tag.removeLast() }
        return tag.hasPrefix("W/") ? tag.dropFirst(2) : tag
    }
}
