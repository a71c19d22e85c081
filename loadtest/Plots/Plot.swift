import Foundation

/// A plot as SVG. Colours are classes, so that the page around it, or the style within it, decides on dark and light.
struct Plot: Sendable {
    /// A line through points; a missing value is a gap.
    struct Line: Sendable {
        let name: String
        /// Number of its colour, 1 to 6.
        let colour: Int
        var points: [(x: Double, y: Double?)]
        var isDashed = false
        /// Drawn in steps, as what holds until it changes.
        var isStepped = false
    }

    /// Values that are put on top of each other, one bar for each place.
    struct Stack: Sendable {
        let name: String
        let colour: Int
        let values: [Double]
    }

    let title: String
    let note: String
    let x: Axis
    let y: Axis
    var lines: [Line] = []
    var stacks: [Stack] = []
    var xLabel = ""
    var yLabel = ""

    static let width = 720.0
    static let height = 280.0
    private static let left = 64.0
    private static let right = 16.0
    private static let top = 12.0
    private static let bottom = 40.0

    /// The drawing alone, to stand in a page that has the colours.
    var svg: String { element(style: "", legend: false) }

    /// A file of its own, with colours, title and legend, that looks right on dark and light.
    var standalone: String { element(style: "<style>\(PlotColours.style)</style>", legend: true) }

    /// Name and colour of everything drawn.
    var legend: [(name: String, colour: Int, isDashed: Bool)] {
        lines.map { ($0.name, $0.colour, $0.isDashed) } + stacks.map { ($0.name, $0.colour, false) }
    }

    private func element(style: String, legend: Bool) -> String {
        let head = legend ? 44.0 : 0
        var parts = [
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"plot\" viewBox=\"0 0 \(Self.text(Self.width)) "
                + "\(Self.text(Self.height + head))\" role=\"img\" aria-label=\"\(XMLText.escaped(title))\">",
            style,
        ]
        if legend { parts.append(heading) }
        parts.append("<g transform=\"translate(0 \(Self.text(head)))\">")
        parts.append(grid)
        parts += stacks.isEmpty ? [] : [bars]
        parts += lines.map { path(of: $0) }
        parts.append("</g></svg>")
        return parts.joined()
    }

    private var heading: String {
        var text = "<rect class=\"back\" width=\"100%\" height=\"100%\"/>"
        text += "<text class=\"title\" x=\"\(Self.text(Self.left))\" y=\"18\">\(XMLText.escaped(title))</text>"
        var x = Self.left
        for entry in legend {
            text += "<rect class=\"fill\(entry.colour)\" x=\"\(Self.text(x))\" y=\"28\" width=\"10\" height=\"10\"/>"
            text += "<text x=\"\(Self.text(x + 14))\" y=\"37\">\(XMLText.escaped(entry.name))</text>"
            x += 30 + 6.4 * Double(entry.name.count)
        }
        return text
    }

    private var grid: String {
        var text = ""
        for tick in y.ticks {
            let at = Self.text(place(y: tick.value))
            text +=
                "<line class=\"grid\" x1=\"\(Self.text(Self.left))\" x2=\"\(Self.text(Self.width - Self.right))\" "
                + "y1=\"\(at)\" y2=\"\(at)\"/>"
                + "<text class=\"tick\" x=\"\(Self.text(Self.left - 8))\" y=\"\(at)\" dy=\"4\" text-anchor=\"end\">"
                + "\(XMLText.escaped(tick.label))</text>"
        }
        for tick in x.ticks {
            let at = Self.text(place(x: tick.value))
            text +=
                "<line class=\"grid\" x1=\"\(at)\" x2=\"\(at)\" y1=\"\(Self.text(Self.top))\" "
                + "y2=\"\(Self.text(Self.height - Self.bottom))\"/>"
                + "<text class=\"tick\" x=\"\(at)\" y=\"\(Self.text(Self.height - Self.bottom + 18))\" "
                + "text-anchor=\"middle\">\(XMLText.escaped(tick.label))</text>"
        }
        if !yLabel.isEmpty {
            text +=
                "<text class=\"tick\" transform=\"translate(13 \(Self.text(Self.height / 2 - 14))) rotate(-90)\" "
                + "text-anchor=\"middle\">\(XMLText.escaped(yLabel))</text>"
        }
        if !xLabel.isEmpty {
            text +=
                "<text class=\"tick\" x=\"\(Self.text((Self.left + Self.width - Self.right) / 2))\" "
                + "y=\"\(Self.text(Self.height - 5))\" text-anchor=\"middle\">\(XMLText.escaped(xLabel))</text>"
        }
        return text
    }

    private var bars: String {
        let count = stacks.map(\.values.count).max() ?? 0
        guard count > 0 else { return "" }
        let room = (Self.width - Self.left - Self.right) / Double(count)
        var text = ""
        for index in 0..<count {
            var sum = 0.0
            for stack in stacks where index < stack.values.count && stack.values[index] > 0 {
                let bottom = place(y: sum)
                sum += stack.values[index]
                let top = place(y: sum)
                text +=
                    "<rect class=\"fill\(stack.colour)\" x=\"\(Self.text(Self.left + Double(index) * room))\" "
                    + "y=\"\(Self.text(top))\" width=\"\(Self.text(max(0.5, room - (room > 4 ? 1 : 0))))\" "
                    + "height=\"\(Self.text(bottom - top))\"><title>\(XMLText.escaped(stack.name)): "
                    + "\(Axis.label(stack.values[index]))</title></rect>"
            }
        }
        return text
    }

    private func path(of line: Line) -> String {
        var commands = ""
        var isDown = false
        var lastY = 0.0
        for point in line.points {
            guard let value = point.y else {
                isDown = false
                continue
            }
            let (px, py) = (place(x: point.x), place(y: value))
            if isDown, line.isStepped { commands += "L\(Self.text(px)) \(Self.text(lastY))" }
            commands += "\(isDown ? "L" : "M")\(Self.text(px)) \(Self.text(py))"
            // A point alone would not be seen.
            if !isDown { commands += "h0.01" }
            isDown = true
            lastY = py
        }
        return "<path class=\"line\(line.colour)\(line.isDashed ? " dashed" : "")\" d=\"\(commands)\">"
            + "<title>\(XMLText.escaped(line.name))</title></path>"
    }

    private func place(x value: Double) -> Double {
        Self.left + x.position(value) * (Self.width - Self.left - Self.right)
    }

    private func place(y value: Double) -> Double {
        Self.height - Self.bottom - y.position(value) * (Self.height - Self.top - Self.bottom)
    }

    /// A tenth of a pixel is fine enough.
    private static func text(_ value: Double) -> String { String(format: "%g", (value * 10).rounded() / 10) }
}
