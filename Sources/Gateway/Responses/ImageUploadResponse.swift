import ObjectStorage

/// Where and how to send an image, in JSON.
struct ImageUploadResponse: Encodable {
    /// Names the upload when it is completed.
    let key: String
    let method = "PUT"
    let url: String
    let headers: [String: String]
    let expiresAt: String

    init(key: String, _ permission: UploadPermission) {
        self.key = key
        url = permission.url
        headers = permission.headers
        expiresAt = Timestamp.text(permission.expiresAt)
    }
}
