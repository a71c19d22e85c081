extension QRMatrix {
    /// The code with its border as an SVG document that is shown `size` pixels wide and high, and sharp at any other
    /// size.
    package func svg(size: Int) -> String {
        let side = side + 2 * Self.quietZone
        return """
            <svg xmlns="http://www.w3.org/2000/svg" width="\(size)" height="\(size)" viewBox="0 0 \(side) \(side)" \
            shape-rendering="crispEdges"><path fill="#fff" d="M0 0h\(side)v\(side)H0z"/><path d="\(path)"/></svg>

            """
    }

    /// The dark squares as SVG path data, each run of a row a rectangle; one square is one unit, the border included.
    package var path: String {
        var path = ""
        for row in 0..<side {
            var column = 0
            while column < side {
                let start = column
                while column < side, isDark(column: column, row: row) { column += 1 }
                if column > start {
                    let run = column - start
                    path += "M\(start + Self.quietZone) \(row + Self.quietZone)h\(run)v1h-\(run)z"
                } else {
                    column += 1
                }
            }
        }
        return path
    }
}
