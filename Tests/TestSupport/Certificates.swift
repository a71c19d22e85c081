package import Foundation

/// Makes an authority (`ca.pem`) and what it signed for `127.0.0.1` and `localhost` (`server.pem`, `server.key`).
package func makeCertificates(in directory: URL) throws {
    let script = """
        set -e
        openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 2 -subj "/CN=Test authority"
        openssl req -newkey rsa:2048 -nodes -keyout server.key -out server.csr -subj "/CN=localhost"
        printf 'subjectAltName=DNS:localhost,IP:127.0.0.1' >server.ext
        openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out server.pem -days 2 \
            -extfile server.ext
        """
    let openssl = Process()
    openssl.executableURL = URL(filePath: "/bin/bash")
    openssl.arguments = ["-c", script]
    openssl.currentDirectoryURL = directory
    openssl.standardOutput = FileHandle.nullDevice
    openssl.standardError = FileHandle.nullDevice
    try openssl.run()
    openssl.waitUntilExit()
    guard openssl.terminationStatus == 0 else { throw ServerError(description: "openssl made no certificates") }
}
