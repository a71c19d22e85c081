import COpenSSL

/// scrypt (RFC 7914) and random salts from libcrypto. Blocks the calling thread: only `PasswordHasher`'s threads call it.
enum Scrypt {
    static func derive(
        password: [UInt8], salt: [UInt8], parameters: ScryptParameters, byteCount: Int
    ) throws(PasswordError) -> [UInt8] {
        guard parameters.isAcceptable else { throw PasswordError(.malformedHash, "parameters out of range") }
        var key = [UInt8](repeating: 0, count: byteCount)
        // libcrypto refuses more than 32 MiB unless told how much is meant: the array, p blocks and two more.
        let memoryLimit = parameters.memory + 128 * parameters.r * (parameters.p + 2) + 1024
        let status = password.withUnsafeBytes { password in
            EVP_PBE_scrypt(
                password.baseAddress?.assumingMemoryBound(to: CChar.self), password.count, salt,
                salt.count, 1 << UInt64(parameters.logN), UInt64(parameters.r), UInt64(parameters.p),
                UInt64(memoryLimit), &key, key.count)
        }
        guard status == 1 else { throw libraryError() }
        return key
    }

    static func randomBytes(_ count: Int) throws(PasswordError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        guard RAND_bytes(&bytes, Int32(count)) == 1 else { throw libraryError() }
        return bytes
    }

    /// Compares in a time that does not depend on where the bytes differ.
    static func equal(_ one: [UInt8], _ other: [UInt8]) -> Bool {
        one.count == other.count && CRYPTO_memcmp(one, other, one.count) == 0
    }

    /// What libcrypto says about the failure on this thread.
    private static func libraryError() -> PasswordError {
        var text = [CChar](repeating: 0, count: 256)
        ERR_error_string_n(ERR_get_error(), &text, text.count)
        return PasswordError(.library, text.withUnsafeBufferPointer { String(cString: $0.baseAddress!) })
    }
}
