/// One statement: its text with `$1`, `$2`, … and the values bound to them.
///
/// Written as an interpolated string, every interpolation is bound and never becomes part of the text, so nothing
/// that a user typed can change the statement:
/// ```swift
/// let query: PostgresQuery = "SELECT status FROM ticket_orders WHERE id = \(orderID)"
/// ```
/// `\(unescaped: "…")` puts text of the program itself into the statement, such as the name of a table. Distinct texts
/// are prepared once per connection, so a statement's text should not vary.
package struct PostgresQuery: Sendable, ExpressibleByStringInterpolation, CustomStringConvertible {
    package let text: String
    let bindings: PostgresBindings

    package init(stringLiteral value: String) {
        self.text = value
        self.bindings = PostgresBindings()
    }

    package init(unescaped text: String) { self.init(stringLiteral: text) }

    package init(stringInterpolation: Interpolation) {
        self.text = stringInterpolation.text
        self.bindings = stringInterpolation.bindings
    }

    /// The text only: bound values may be secrets.
    package var description: String { text }

    package struct Interpolation: StringInterpolationProtocol {
        var text: String
        var bindings = PostgresBindings()

        package init(literalCapacity: Int, interpolationCount: Int) {
            self.text = ""
            text.reserveCapacity(literalCapacity + 3 * interpolationCount)
        }

        package mutating func appendLiteral(_ literal: String) { text += literal }

        package mutating func appendInterpolation(_ value: some PostgresEncodable) {
            bindings.append(value)
            text += "$\(bindings.values.count)"
        }

        /// Binds NULL for nil.
        package mutating func appendInterpolation<T: PostgresEncodable>(_ value: T?) {
            bindings.append(value)
            text += "$\(bindings.values.count)"
        }

        package mutating func appendInterpolation(unescaped literal: String) { text += literal }
    }
}
