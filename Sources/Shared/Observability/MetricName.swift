/// Names of metrics and labels in the form Prometheus allows.
enum MetricName {
    /// The name of a family: `order.accepted` is `order_accepted`, with `suffix` (`_total`, `_seconds`) at its end, once.
    static func family(_ label: String, suffix: String = "") -> String {
        let name = sanitized(label, allowColon: true)
        return name.hasSuffix(suffix) ? name : name + suffix
    }

    /// The name of a label. `le` belongs to histograms and a leading `__` to Prometheus itself.
    static func label(_ name: String) -> String {
        let name = sanitized(name, allowColon: false)
        return name == "le" || name.hasPrefix("__") ? "label_" + name : name
    }

    private static func sanitized(_ text: String, allowColon: Bool) -> String {
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"):
                bytes.append(byte)
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                if bytes.isEmpty { bytes.append(UInt8(ascii: "_")) }
                bytes.append(byte)
            case UInt8(ascii: ":") where allowColon:
                bytes.append(byte)
            default:
                bytes.append(UInt8(ascii: "_"))
            }
        }
        return bytes.isEmpty ? "_" : String(decoding: bytes, as: UTF8.self)
    }
}
