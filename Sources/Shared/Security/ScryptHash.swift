/// A password hash as it is stored: `$scrypt$ln=15,r=8,p=3$SALT$HASH`, after the PHC string format, with salt and hash
/// in base64 without padding.
struct ScryptHash: Equatable, CustomStringConvertible {
    let parameters: ScryptParameters
    let salt: [UInt8]
    let hash: [UInt8]

    init(parameters: ScryptParameters, salt: [UInt8], hash: [UInt8]) {
        self.parameters = parameters
        self.salt = salt
        self.hash = hash
    }

    /// Reads exactly the form `description` writes.
    init(_ text: String) throws(PasswordError) {
        let fields = text.split(separator: "$", omittingEmptySubsequences: false)
        guard fields.count == 5, fields[0].isEmpty, fields[1] == "scrypt",
            let parameters = Self.parameters(fields[2]), parameters.isAcceptable,
            let salt = Base64Codec.standard.decode(fields[3].utf8), (8...64).contains(salt.count),
            let hash = Base64Codec.standard.decode(fields[4].utf8), (16...64).contains(hash.count)
        else { throw PasswordError(.malformedHash, "not a scrypt hash string") }
        self.init(parameters: parameters, salt: salt, hash: hash)
    }

    private static func parameters(_ text: Substring) -> ScryptParameters? {
        let names = ["ln", "r", "p"]
        let pairs = text.split(separator: ",", omittingEmptySubsequences: false).map { $0.split(separator: "=") }
        guard pairs.count == names.count else { return nil }
        let values = zip(pairs, names).compactMap { $0.count == 2 && $0[0] == $1 ? Int($0[1]) : nil }
        guard values.count == names.count else { return nil }
        return ScryptParameters(logN: values[0], r: values[1], p: values[2])
    }

    var description: String {
        "$scrypt$ln=\(parameters.logN),r=\(parameters.r),p=\(parameters.p)"
            + "$\(Base64Codec.standard.encode(salt))$\(Base64Codec.standard.encode(hash))"
    }
}
