package import JSON

/// What all programs know of one id.
package struct ExplainReport: Sendable {
    package struct Answer: Sendable {
        package var kind: String
        package var address: String
        package var json: JSONValue

        package init(kind: String, address: String, json: JSONValue) {
            self.kind = kind
            self.address = address
            self.json = json
        }
    }

    package let id: String
    package let answers: [Answer]
    package let unreachable: [UnreachableProgram]

    package init(id: String, answers: [Answer], unreachable: [UnreachableProgram]) {
        self.id = id
        self.answers = answers
        self.unreachable = unreachable
    }

    /// What is only a supposition.
    private static let nowhere: Set<String> = ["unknown", "deleted"]

    private func findings(_ answer: Answer) -> [(place: String, text: String, hint: String?)] {
        (answer.json["findings"]?.array ?? []).compactMap { finding in
            guard let place = finding["where"]?.string, let text = finding["text"]?.string else { return nil }
            return (place, text, finding["hint"]?.string)
        }
    }

    private var places: [String] { answers.flatMap { findings($0) }.map(\.place) }
    package var isFound: Bool { places.contains { !Self.nowhere.contains($0) } }

    package var exitCode: ExitCode {
        // Somebody's silence does not make less of what another has said.
        if isFound { return .success }
        return unreachable.isEmpty ? .negative : .failure
    }

    package func json() -> String {
        var writer = JSONWriter(pretty: true)
        writer.object { writer in
            writer.key("id")
            writer.string(id)
            writer.key("found")
            writer.bool(isFound)
            writer.key("answers")
            writer.array { writer in
                for answer in answers {
                    writer.object { writer in
                        writer.key("program")
                        writer.string(answer.kind)
                        writer.key("address")
                        writer.string(answer.address)
                        writer.key("answer")
                        writer.value(answer.json)
                    }
                }
            }
            writer.key("unreachable")
            writer.array { writer in
                for program in unreachable { writer.string(program.address) }
            }
        }
        return String(decoding: writer.bytes, as: UTF8.self) + "\n"
    }

    package func text(style: TextStyle) -> String {
        var text = style.bold(id) + "\n"
        for answer in answers {
            let findings = findings(answer)
            if findings.isEmpty {
                text += "  \(answer.kind) \(answer.address): " + style.dim("nothing is known of it here") + "\n"
            }
            for finding in findings {
                let place =
                    Self.nowhere.contains(finding.place)
                    ? style.dim(finding.place.withoutControls) : coloured(finding.place.withoutControls, style)
                text += "  \(answer.kind) \(answer.address): \(place)\n    \(finding.text.withoutControls)\n"
                if let hint = finding.hint { text += style.dim("    \(hint.withoutControls)") + "\n" }
            }
        }
        for program in unreachable { text += program.text(style: style) }
        return text + verdict(style) + "\n"
    }

    private func coloured(_ place: String, _ style: TextStyle) -> String {
        place == "refused" ? style.red(place) : style.green(place)
    }

    /// How to see what is stored; a span's record tells the trace it belongs to.
    private func next() -> String {
        let records = answers.flatMap { $0.json["findings"]?.array ?? [] }.flatMap { $0["records"]?.array ?? [] }
        guard let trace = records.lazy.compactMap({ $0["trace_id"]?.string }).first else { return "" }
        return " To see it: hms-ops trace \(trace.withoutControls)"
    }

    private func verdict(_ style: TextStyle) -> String {
        let found = Set(places)
        if found.contains("stored") { return style.green("It is stored.") + next() }
        if found.contains("spool") {
            return
                "It waits in a sidecar's spool, and is sent when a collector takes it; /readyz of the sidecar says what "
                + "keeps it."
        }
        if found.contains("refused") { return style.red("It was refused; the lines above say why and by whom.") }
        if found.contains("forwarded") {
            return "A sidecar forwarded it, and no collector asked here has it: name the sidecar's other collectors "
                + "(--collector), or look at the collector's retention."
        }
        if !unreachable.isEmpty { return style.red("Not found, but not everybody answered.") }
        return
            "Not found anywhere. Compare the id with the x-hms-trace-id header of the request; see whether the service "
            + "exports to this sidecar at all (hms-ops check), and whether datagrams are missing (hms-ops ledger)."
    }
}
