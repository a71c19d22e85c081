import Foundation
import Ticketing

/// A set of users that may say yes to a stranger and never says no to a member (Bloom, CACM 13(7), 1970).
///
/// With 10 bits a member and 7 probes a stranger is taken for a member in 0.8 % of cases. User ids are random, so two
/// halves of the id serve as the two hashes of Kirsch and Mitzenmacher's double hashing (ESA 2006). An id that somebody
/// chose could only make the filter say yes more often.
struct BloomFilter: Sendable {
    static let bitsPerMember = 10
    private static let probes = 7

    private var words: [UInt64]
    private let mask: UInt64

    /// - Parameter expected: Members it is sized for; more make it say yes to more strangers.
    init(expected: Int) {
        let bits = max(64, expected * Self.bitsPerMember)
        // A power of two, so that a probe is a mask: 10 to 20 bits a member.
        let size = UInt64(1) << UInt64(UInt64.bitWidth - (UInt64(bits) - 1).leadingZeroBitCount)
        words = [UInt64](repeating: 0, count: Int(size / 64))
        mask = size - 1
    }

    mutating func insert(_ user: UserID) {
        for position in Self.positions(user) {
            words[Int((position & mask) >> 6)] |= 1 << (position & 63)
        }
    }

    func mayContain(_ user: UserID) -> Bool {
        for position in Self.positions(user) where words[Int((position & mask) >> 6)] & 1 << (position & 63) == 0 {
            return false
        }
        return true
    }

    private static func positions(_ user: UserID) -> LazyMapSequence<Range<UInt64>, UInt64> {
        let (first, second) = withUnsafeBytes(of: user.uuid.uuid) { bytes in
            (
                bytes.loadUnaligned(fromByteOffset: 0, as: UInt64.self),
                // Odd, so that the probes visit different bits; the upper half of the id has the variant bits.
                bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self) | 1
            )
        }
        return (0..<UInt64(probes)).lazy.map { first &+ $0 &* second &+ (second >> 17) &* $0 }
    }
}
