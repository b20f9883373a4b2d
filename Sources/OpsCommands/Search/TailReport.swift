import JSON

/// Writes what a tail tells.
struct TailReport {
    private let terminal: Terminal
    private let isJSON: Bool
    private let isQuiet: Bool
    private var report: SearchReport
    private var leavingOut: Set<String>
    private var left: Int?
    private var dropped = 0

    /// - Parameters:
    ///   - leavingOut: ids of traces that were told before.
    ///   - limit: traces, after which it is over.
    init(
        _ arguments: ParsedArguments, _ terminal: Terminal, report: SearchReport, leavingOut: Set<String> = [],
        limit: Int? = nil
    ) {
        self.terminal = terminal
        isJSON = arguments.has("json")
        isQuiet = isJSON || arguments.has("ids")
        self.report = report
        self.leavingOut = leavingOut
        left = limit
    }

    var isOver: Bool { left == 0 }

    mutating func tell(_ event: EventStreamParser.Event) {
        guard let json = try? JSONParser.parse(event.data) else { return }
        switch event.name {
        case "trace":
            guard let trace = FoundPage.Trace(json), leavingOut.remove(trace.id) == nil else { return }
            terminal.write(isJSON ? String(decoding: event.data, as: UTF8.self) + "\n" : report.text([trace]))
            left = left.map { $0 - 1 }
        case "state":
            guard case .number(let text)? = json["dropped"], let count = Int(text), count != dropped else { return }
            if count > dropped, !isQuiet {
                terminal.remark("\(count - dropped) new traces were left out: too many came at once.\n")
            }
            dropped = count
        default: break
        }
    }
}
