/// The SHA-1 digest (FIPS 180-4) by which Redis names scripts. Not for security.
enum SHA1 {
    static func hexadecimalDigest(of message: [UInt8]) -> String {
        var state: (UInt32, UInt32, UInt32, UInt32, UInt32) =
            (0x6745_2301, 0xEFCD_AB89, 0x98BA_DCFE, 0x1032_5476, 0xC3D2_E1F0)
        let blocks = padded(message)
        var schedule = [UInt32](repeating: 0, count: 80)
        for start in stride(from: 0, to: blocks.count, by: 64) {
            for word in 0..<16 {
                schedule[word] = (0..<4).reduce(0) { $0 << 8 | UInt32(blocks[start + word * 4 + $1]) }
            }
            for word in 16..<80 {
                let mixed = schedule[word - 3] ^ schedule[word - 8] ^ schedule[word - 14] ^ schedule[word - 16]
                schedule[word] = rotate(mixed, by: 1)
            }
            compress(&state, schedule)
        }
        return [state.0, state.1, state.2, state.3, state.4].map { word in
            let digits = String(word, radix: 16)
            return String(repeating: "0", count: 8 - digits.count) + digits
        }.joined()
    }

    private static func compress(_ state: inout (UInt32, UInt32, UInt32, UInt32, UInt32), _ schedule: [UInt32]) {
        var (a, b, c, d, e) = state
        for round in 0..<80 {
            let (function, constant): (UInt32, UInt32) =
                switch round {
                case 0..<20: ((b & c) | (~b & d), 0x5A82_7999)
                case 20..<40: (b ^ c ^ d, 0x6ED9_EBA1)
                case 40..<60: ((b & c) | (b & d) | (c & d), 0x8F1B_BCDC)
                default: (b ^ c ^ d, 0xCA62_C1D6)
                }
            let next = rotate(a, by: 5) &+ function &+ e &+ constant &+ schedule[round]
            (a, b, c, d, e) = (next, a, rotate(b, by: 30), c, d)
        }
        state = (state.0 &+ a, state.1 &+ b, state.2 &+ c, state.3 &+ d, state.4 &+ e)
    }

    /// The message, a one bit, zeroes, and the message's length in bits: a multiple of 64 bytes.
    private static func padded(_ message: [UInt8]) -> [UInt8] {
        var blocks = message
        blocks.append(0x80)
        while blocks.count % 64 != 56 { blocks.append(0) }
        withUnsafeBytes(of: UInt64(message.count * 8).bigEndian) { blocks.append(contentsOf: $0) }
        return blocks
    }

    private static func rotate(_ word: UInt32, by bits: UInt32) -> UInt32 {
        word << bits | word >> (32 - bits)
    }
}
