/// Names as Prometheus's text format 0.0.4 allows them: dots and whatever else it does not know become underscores.
enum ExpositionNames {
    static func metric(_ name: String) -> String { cleaned(name, colons: true) }
    static func label(_ name: String) -> String { cleaned(name, colons: false) }

    private static func cleaned(_ name: String, colons: Bool) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(name.utf8.count + 1)
        for scalar in name.unicodeScalars {
            switch scalar {
            case "a"..."z", "A"..."Z", "_": bytes.append(UInt8(scalar.value))
            case "0"..."9":
                if bytes.isEmpty { bytes.append(UInt8(ascii: "_")) }
                bytes.append(UInt8(scalar.value))
            case ":" where colons: bytes.append(UInt8(ascii: ":"))
            default: bytes.append(UInt8(ascii: "_"))
            }
        }
        return bytes.isEmpty ? "_" : String(decoding: bytes, as: UTF8.self)
    }

    /// What stands between the braces, sorted, so that it names a series. Names that are one after cleaning are joined.
    static func labels(_ labels: [Label]) -> String {
        var joined: [String: String] = [:]
        for label in labels {
            let name = Self.label(label.name)
            joined[name] = joined[name].map { $0 + ";" + label.value } ?? label.value
        }
        return joined.sorted { $0.key < $1.key }.map { "\($0.key)=\"\(escaped($0.value))\"" }.joined(separator: ",")
    }

    private static func escaped(_ text: String) -> String {
        guard text.utf8.contains(where: { $0 == 0x5C || $0 == 0x22 || $0 == 0x0A }) else { return text }
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case "\"": result += "\\\""
            case "\n": result += "\\n"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
