import TraceAssembly

extension GraphPicture {
    /// In the language of Graphviz: `dot -Tsvg`. What failed has a double outline or a dashed line, beside its words, so that it can
    /// be seen without colours.
    package func dot() -> String {
        let places = places
        var text = "digraph calls {\n  rankdir=LR;\n"
        text += "  node [shape=box, style=filled, fontname=\"sans-serif\"];\n"
        text += "  edge [fontname=\"sans-serif\", fontsize=10];\n"
        for (index, node) in nodes.enumerated() {
            let fill = node.step.fill
            var label = [Self.dotText(node.name.isEmpty ? "(no name)" : node.name)]
            if node.kind != "service" { label.append(Self.dotText(node.kind)) }
            label.append(Self.dotText(node.figures.label))
            if let change = node.change, change != .same { label.append(Self.dotText(change.rawValue)) }
            text += "  n\(index) [label=\"\(label.joined(separator: "\\n"))\", fillcolor=\"\(fill.colour)\", "
            text += "fontcolor=\"\(fill.text)\", shape=\(Self.shape(of: node.kind))"
            if node.figures.errors > 0 { text += ", peripheries=2" }
            text += "];\n"
        }
        for edge in edges {
            guard let from = places[edge.from], let to = places[edge.to] else { continue }
            var label = Self.dotText(edge.figures.label)
            if edge.kind != "call" { label += "\\n" + Self.dotText(edge.kind) }
            if let change = edge.change, change != .same { label += "\\n" + Self.dotText(change.rawValue) }
            text += "  n\(from) -> n\(to) [label=\"\(label)\", color=\"\(edge.step.line)\""
            if edge.figures.errors > 0 { text += ", style=dashed" }
            if edge.step >= .large { text += ", penwidth=2.5" }
            text += "];\n"
        }
        return text + "}\n"
    }

    private static func shape(of kind: String) -> String {
        switch kind {
        case "database": "cylinder"
        case "queue": "cds"
        case "host": "ellipse"
        default: "box"
        }
    }

    /// Text within quotation marks. Graphviz reads backslashes and entities of HTML there.
    static func dotText(_ text: String) -> String {
        var result = ""
        for scalar in TerminalText.escaped(text).unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case "\"": result += "\\\""
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
