import TraceAssembly

extension GraphPicture {
    /// As a flowchart of Mermaid, which READMEs and tickets draw.
    package func mermaid() -> String {
        let places = places
        var text = "flowchart LR\n"
        for (index, node) in nodes.enumerated() {
            var label = [Self.mermaidText(node.name.isEmpty ? "(no name)" : node.name)]
            if node.kind != "service" { label.append(Self.mermaidText(node.kind)) }
            label.append(Self.mermaidText(node.figures.label))
            if let change = node.change, change != .same { label.append(Self.mermaidText(change.rawValue)) }
            let (opening, closing) = Self.brackets(of: node.kind)
            text +=
                "  n\(index)\(opening)\"\(label.joined(separator: "<br/>"))\"\(closing):::step\(node.step.rawValue)\n"
        }
        var lines: [LatencyStep: [Int]] = [:]
        var drawn = 0
        for edge in edges {
            guard let from = places[edge.from], let to = places[edge.to] else { continue }
            var label = [Self.mermaidText(edge.figures.label)]
            if edge.kind != "call" { label.append(Self.mermaidText(edge.kind)) }
            if let change = edge.change, change != .same { label.append(Self.mermaidText(change.rawValue)) }
            let arrow = edge.figures.errors > 0 ? "-.->" : "-->"
            text += "  n\(from) \(arrow)|\"\(label.joined(separator: "<br/>"))\"| n\(to)\n"
            lines[edge.step, default: []].append(drawn)
            drawn += 1
        }
        for step in LatencyStep.allCases {
            let fill = step.fill
            text += "  classDef step\(step.rawValue) fill:\(fill.colour),color:\(fill.text),stroke:\(step.line)\n"
        }
        for step in LatencyStep.allCases {
            guard let numbers = lines[step] else { continue }
            let width = step >= .large ? "3px" : "1.5px"
            text += "  linkStyle \(numbers.map { "\($0)" }.joined(separator: ",")) "
            text += "stroke:\(step.line),stroke-width:\(width)\n"
        }
        return text
    }

    private static func brackets(of kind: String) -> (String, String) {
        switch kind {
        case "database": ("[(", ")]")
        case "queue": ("[[", "]]")
        case "host": ("([", "])")
        default: ("[", "]")
        }
    }

    /// Text within quotation marks: all of ASCII that is not plain is written as an entity, as Mermaid reads quotation marks, markup,
    /// Markdown, comments and directives there.
    static func mermaidText(_ text: String) -> String {
        var result = ""
        for scalar in TerminalText.escaped(text).unicodeScalars {
            switch scalar {
            case "a"..."z", "A"..."Z", "0"..."9", " ", "-", ".", ",", ":", "/", "(", ")", "\u{80}"...:
                result.unicodeScalars.append(scalar)
            default: result += "#\(scalar.value);"
            }
        }
        return result
    }
}
