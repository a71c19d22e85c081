/// The colours of plots, for light and dark pages: after Okabe and Ito (2008), which also those can tell apart who see
/// few colours.
enum PlotColours {
    private static let light = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#8a6d00", "#555f6b"]
    private static let dark = ["#56b4e9", "#ff9d5c", "#2fd1a0", "#e8a3c8", "#f0e442", "#a8b3c0"]

    /// Variables by name, for one of the two.
    static func variables(isDark: Bool) -> String {
        let colours = isDark ? dark : light
        let base =
            isDark
            ? "--back:#14181d;--card:#1b2127;--ink:#e6eaee;--faint:#9aa5b1;--grid:#2c343d"
            : "--back:#f6f7f9;--card:#ffffff;--ink:#1c2733;--faint:#5c6875;--grid:#e3e7ec"
        return base + colours.enumerated().map { ";--c\($0 + 1):\($1)" }.joined()
    }

    /// Rules for what a plot draws.
    static let rules: String = {
        var rules =
            ".plot{font:12px system-ui,sans-serif;fill:var(--ink)}.plot .grid{stroke:var(--grid);stroke-width:1}"
            + ".plot .tick{fill:var(--faint);font-size:11px}.plot .title{font-size:15px;font-weight:600}"
            + ".plot .back{fill:var(--card)}.plot path{fill:none;stroke-width:1.8;stroke-linejoin:round;"
            + "stroke-linecap:round}.plot .dashed{stroke-dasharray:5 4}"
        for number in 1...6 {
            rules += ".plot .line\(number){stroke:var(--c\(number))}.plot .fill\(number){fill:var(--c\(number))}"
        }
        return rules
    }()

    /// For a drawing that stands alone.
    static let style =
        "svg{\(variables(isDark: false))}@media(prefers-color-scheme:dark){svg{\(variables(isDark: true))}}\(rules)"
}
