/// The values bound to a statement, encoded one after the other.
struct PostgresBindings: Sendable {
    struct Value: Sendable {
        let type: PostgresType
        let offset: Int
        /// -1 for NULL.
        let length: Int32
    }

    private(set) var values: [Value] = []
    private(set) var bytes = PostgresBytes()

    var types: [UInt32] { values.map(\.type.rawValue) }

    mutating func append<T: PostgresEncodable>(_ value: T) {
        let offset = bytes.count
        guard !value.isNull else {
            values.append(Value(type: T.postgresType, offset: offset, length: -1))
            return
        }
        value.encode(to: &bytes)
        guard let length = Int32(exactly: bytes.count - offset) else {
            bytes.reject("a value of more than 2 GiB")
            return
        }
        values.append(Value(type: T.postgresType, offset: offset, length: length))
        // libpq measures a value in text form by the NUL after it.
        if T.postgresType == .inferred { bytes.append(UInt8(0)) }
    }

    /// The arrays that libpq wants: addresses, lengths, and formats (0 text, 1 binary) of the values.
    func withParameters<R>(
        _ body: (_ values: [UnsafePointer<CChar>?], _ lengths: [Int32], _ formats: [Int32]) -> R
    ) -> R {
        bytes.storage.withUnsafeBytes { buffer in
            let pointers = values.map { value in
                value.length < 0 ? nil : (buffer.baseAddress! + value.offset).assumingMemoryBound(to: CChar.self)
            }
            let formats: [Int32] = values.map { $0.type == .inferred ? 0 : 1 }
            return body(pointers, values.map { max(0, $0.length) }, formats)
        }
    }
}
