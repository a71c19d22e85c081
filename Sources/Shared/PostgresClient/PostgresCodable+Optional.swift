/// `nil` is NULL.
extension Optional: PostgresEncodable where Wrapped: PostgresEncodable {
    package static var postgresType: PostgresType { Wrapped.postgresType }

    package var isNull: Bool { self?.isNull ?? true }

    package func encode(to bytes: inout PostgresBytes) { self?.encode(to: &bytes) }
}

extension Optional: PostgresDecodable where Wrapped: PostgresDecodable {
    package static func decode(
        _ bytes: UnsafeRawBufferPointer, type: PostgresType
    ) throws(PostgresError) -> Wrapped? {
        try Wrapped.decode(bytes, type: type)
    }

    package static func decodeNull() throws(PostgresError) -> Wrapped? { nil }
}

extension Optional: PostgresArrayElement where Wrapped: PostgresCodable {
    package static var postgresArrayType: PostgresType { Wrapped.postgresArrayType }
}
