/// The cost of one scrypt computation (RFC 7914 §2).
package struct ScryptParameters: Sendable, Hashable {
    /// log2 of N, the cost in time and memory.
    package let logN: Int
    /// Block size, in units of 128 bytes.
    package let r: Int
    /// How often the memory-hard step runs.
    package let p: Int

    package init(logN: Int, r: Int, p: Int) {
        self.logN = logN
        self.r = r
        self.p = p
    }

    /// N=2^15, r=8, p=3: the row of OWASP's Password Storage Cheat Sheet that needs 32 MiB. Its rows (2^17 with p=1 to
    /// 2^13 with p=10) are of equal strength; this one keeps a log-in's memory within what a small container has.
    package static let standard = ScryptParameters(logN: 15, r: 8, p: 3)

    /// The largest memory a stored hash may ask for, so that a damaged row cannot take the process down: 2^20 * 8 * 128
    /// bytes, the upper end of `PasswordConfiguration`.
    private static let maximumMemory = 1 << 30

    /// Bytes of the large array: 128 * r * N.
    package var memory: Int { 128 * r << logN }

    /// Whether these values may be computed at all.
    var isAcceptable: Bool {
        (1...20).contains(logN) && (1...32).contains(r) && (1...16).contains(p) && memory <= Self.maximumMemory
    }
}
