import HTTPTypes
import Hummingbird
import NIOCore
import Ticketing

/// An answer of the hot routes: in one piece, so that it can be written to a connection as bytes or go through
/// Hummingbird.
struct HTTPAnswer: Sendable {
    var status: HTTPResponse.Status
    var headers: HTTPFields
    var body: ByteBuffer
    /// The order that it is about, if any, and the trace that the order belongs to: for traces and the log.
    var order: OrderID?
    var trace: String?
    /// Of a problem.
    var code: ProblemCode?

    /// As Hummingbird's server takes it.
    func response() -> Response {
        Response(
            status: status, headers: headers,
            body: body.readableBytes == 0 ? ResponseBody() : ResponseBody(byteBuffer: body))
    }

    /// The whole message of HTTP/1.1 (RFC 9112 §2.1) in one buffer. `Content-Length` is among the headers already,
    /// but for a 304, which has no body by definition.
    ///
    /// - Parameter isLast: Whether the client is to send nothing more on this connection.
    func bytes(date: String, security: SecurityHeaders, isLast: Bool = false) -> ByteBuffer {
        var bytes = ByteBuffer()
        // The status line has 40 bytes at most, a field 4 bytes besides its name and value.
        bytes.reserveCapacity(
            headers.reduce(96 + security.lines.utf8.count + body.readableBytes) {
                $0 + $1.name.rawName.utf8.count + $1.value.utf8.count + 4
            })
        bytes.writeStaticString("HTTP/1.1 ")
        bytes.writeDecimal(Int64(status.code))
        bytes.writeStaticString(" ")
        bytes.writeString(status.reasonPhrase)
        bytes.writeStaticString("\r\nDate: ")
        bytes.writeString(date)
        for field in headers {
            bytes.writeStaticString("\r\n")
            bytes.writeString(field.name.rawName)
            bytes.writeStaticString(": ")
            bytes.writeString(field.value)
        }
        if isLast { bytes.writeStaticString("\r\nConnection: close") }
        bytes.writeString(security.lines)
        bytes.writeStaticString("\r\n\r\n")
        bytes.writeImmutableBuffer(body)
        return bytes
    }
}
