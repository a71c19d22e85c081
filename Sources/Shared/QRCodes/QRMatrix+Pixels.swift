extension QRMatrix {
    /// Whether each pixel of a square image is dark, row by row. Each square is as many whole pixels as fit, and what
    /// is left widens the border; nil when not even one fits.
    package func pixels(size: Int) -> [Bool]? {
        let scale = size / (side + 2 * Self.quietZone)
        guard scale > 0 else { return nil }
        let border = (size - side * scale) / 2
        var pixels = Array(repeating: false, count: size * size)
        for row in 0..<side * scale {
            let start = (row + border) * size + border
            for column in 0..<side * scale where isDark(column: column / scale, row: row / scale) {
                pixels[start + column] = true
            }
        }
        return pixels
    }
}
