import CQRencode

/// The dark and light squares of a QR code (ISO/IEC 18004), without the light border that it needs round it.
///
/// Error correction is level M: a reader makes up for 15 % of the code, which a folded or wet sheet of paper needs.
package struct QRMatrix: Hashable, Sendable {
    /// Squares of the light border on each side (ISO/IEC 18004 §6.3.8).
    package static let quietZone = 4

    /// Squares of a row, which is as many as there are rows.
    package let side: Int
    private let squares: [Bool]

    /// nil for an empty text, one with a NUL in it, or one above 2,331 bytes (3,391 digits, capitals and ` $%*+-./:`).
    package init?(_ text: String) {
        // QR_MODE_8 is a hint: capitals and digits are still written in the denser alphanumeric mode.
        guard !text.utf8.contains(0), let code = QRcode_encodeString(text, 0, QR_ECLEVEL_M, QR_MODE_8, 1) else {
            return nil
        }
        defer { QRcode_free(code) }
        side = Int(code.pointee.width)
        // The lowest bit of each byte says whether the square is dark.
        squares = UnsafeBufferPointer(start: code.pointee.data, count: side * side).map { $0 & 1 == 1 }
    }

    package func isDark(column: Int, row: Int) -> Bool { squares[row * side + column] }
}
