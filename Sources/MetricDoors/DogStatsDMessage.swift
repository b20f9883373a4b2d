import WireFormat

/// An event (`_e{…}`) or service check (`_sc|…`) of DogStatsD, which becomes an OTLP log record.
package struct DogStatsDMessage: Equatable, Sendable {
    /// Of OTLP's severity numbers.
    package enum Severity: UInt64, Sendable { case info = 9, warning = 13, error = 17 }

    package var eventName: String
    package var severity: Severity
    package var body: String
    package var attributes: [Label]
    /// Nanoseconds since 1970; nil where the sender did not say.
    package var time: UInt64?

    /// Whether the line is one of the two, well-formed or not.
    static func isOne(_ bytes: Span<UInt8>, _ line: Range<Int>) -> Bool {
        hasPrefix("_e{", bytes, line) || hasPrefix("_sc|", bytes, line)
    }

    package init(_ bytes: Span<UInt8>, _ line: Range<Int>) throws(StatsDFault) {
        try StatsDParser.checkText(bytes, line)
        if Self.hasPrefix("_e{", bytes, line) {
            self = try Self.event(bytes, line)
        } else if Self.hasPrefix("_sc|", bytes, line) {
            self = try Self.serviceCheck(bytes, line)
        } else {
            throw .unknownType
        }
    }

    private init(eventName: String, severity: Severity, body: String, attributes: [Label]) {
        self.eventName = eventName
        self.severity = severity
        self.body = body
        self.attributes = attributes
    }

    /// `_e{title.length,text.length}:title|text|field|…`; the lengths are of the bytes as they are sent.
    private static func event(_ bytes: Span<UInt8>, _ line: Range<Int>) throws(StatsDFault) -> DogStatsDMessage {
        var rest = line.lowerBound + 3..<line.upperBound
        guard let titleLength = StatsDParser.cut(&rest, at: UInt8(ascii: ","), bytes),
            let textLength = StatsDParser.cut(&rest, at: UInt8(ascii: "}"), bytes),
            let titleCount = StatsDParser.wholeNumber(bytes, titleLength),
            let textCount = StatsDParser.wholeNumber(bytes, textLength),
            titleCount > 0, titleCount <= UInt64(rest.count), textCount <= UInt64(rest.count),
            rest.count >= Int(titleCount) + Int(textCount) + 2, bytes[rest.lowerBound] == UInt8(ascii: ":")
        else { throw .badEvent }
        let title = rest.lowerBound + 1..<rest.lowerBound + 1 + Int(titleCount)
        let text = title.upperBound + 1..<title.upperBound + 1 + Int(textCount)
        guard bytes[title.upperBound] == UInt8(ascii: "|"), text.upperBound <= rest.upperBound,
            isUTF8(bytes, title), isUTF8(bytes, text)
        else { throw .badEvent }
        rest = text.upperBound..<rest.upperBound
        guard rest.isEmpty || bytes[rest.lowerBound] == UInt8(ascii: "|") else { throw .badEvent }
        var event = DogStatsDMessage(
            eventName: "dogstatsd.event", severity: .info, body: unescaped(StatsDParser.text(bytes, text)),
            attributes: [Label("dogstatsd.event.title", unescaped(StatsDParser.text(bytes, title)))])
        try event.readFields(bytes, rest, .badEvent)
        return event
    }

    /// `_sc|name|status|field|…`
    private static func serviceCheck(_ bytes: Span<UInt8>, _ line: Range<Int>) throws(StatsDFault) -> DogStatsDMessage {
        var rest = line.lowerBound + 4..<line.upperBound
        guard let name = StatsDParser.cut(&rest, at: UInt8(ascii: "|"), bytes), !name.isEmpty else {
            throw .badServiceCheck
        }
        let status = StatsDParser.cut(&rest, at: UInt8(ascii: "|"), bytes) ?? StatsDParser.take(&rest)
        let severities: [Severity] = [.info, .warning, .error, .warning]
        guard status.count == 1, let code = StatsDParser.wholeNumber(bytes, status), code < 4 else {
            throw .badServiceCheck
        }
        let word = ["ok", "warning", "critical", "unknown"][Int(code)]
        var check = DogStatsDMessage(
            eventName: "dogstatsd.service_check", severity: severities[Int(code)],
            body: "\(StatsDParser.text(bytes, name)) is \(word)",
            attributes: [
                Label("dogstatsd.check.name", StatsDParser.text(bytes, name)), Label("dogstatsd.check.status", word),
            ])
        try check.readFields(bytes, rest, .badServiceCheck)
        return check
    }

    private static let fieldNames: [(prefix: String, attribute: String)] = [
        ("h:", "host.name"), ("k:", "dogstatsd.event.aggregation_key"), ("p:", "dogstatsd.event.priority"),
        ("s:", "dogstatsd.event.source_type"),
    ]

    private mutating func readFields(
        _ bytes: Span<UInt8>, _ fields: Range<Int>, _ fault: StatsDFault
    ) throws(StatsDFault) {
        var rest = fields
        var count = 0
        while !rest.isEmpty {
            // What a message says is the last field and may hold anything.
            let isMessage = Self.hasPrefix("m:", bytes, rest)
            let field =
                isMessage
                ? StatsDParser.take(&rest)
                : StatsDParser.cut(&rest, at: UInt8(ascii: "|"), bytes) ?? StatsDParser.take(&rest)
            guard !field.isEmpty else { continue }
            count += 1
            guard count <= 16 else { throw fault }
            let value = min(field.lowerBound + 2, field.upperBound)..<field.upperBound
            if isMessage {
                body = Self.unescaped(StatsDParser.text(bytes, value))
            } else if Self.hasPrefix("#", bytes, field) {
                guard field.count <= StatsDParser.mostTagBytes else { throw .tooManyTags }
                try readTags(bytes, field.lowerBound + 1..<field.upperBound)
            } else if Self.hasPrefix("d:", bytes, field) {
                guard let seconds = StatsDParser.wholeNumber(bytes, value), value.count <= 10 else { throw fault }
                time = seconds * 1_000_000_000
            } else if Self.hasPrefix("t:", bytes, field) {
                readType(StatsDParser.text(bytes, value))
            } else if let known = Self.fieldNames.first(where: { Self.hasPrefix($0.prefix, bytes, field) }) {
                attributes.append(Label(known.attribute, StatsDParser.text(bytes, value)))
            } else if Self.hasPrefix("c:", bytes, field) {
                let text = StatsDParser.text(bytes, value)
                if !text.hasPrefix("in-") {
                    attributes.append(Label("container.id", text.hasPrefix("ci-") ? String(text.dropFirst(3)) : text))
                }
            }
        }
    }

    private mutating func readType(_ type: String) {
        attributes.append(Label("dogstatsd.event.alert_type", type))
        severity =
            switch type {
            case "error": .error
            case "warning": .warning
            default: .info
            }
    }

    private mutating func readTags(_ bytes: Span<UInt8>, _ range: Range<Int>) throws(StatsDFault) {
        var found: [Range<Int>] = []
        var rest = range
        while !rest.isEmpty {
            let tag = StatsDParser.cut(&rest, at: UInt8(ascii: ","), bytes) ?? StatsDParser.take(&rest)
            guard !tag.isEmpty, bytes[tag.lowerBound] != UInt8(ascii: ":") else { continue }
            guard found.count < StatsDParser.mostTags else { throw .tooManyTags }
            found.append(tag)
        }
        var tags = StatsDTags()
        tags.sort(found, bytes)
        for label in tags.attributes(bytes) where !attributes.contains(where: { $0.name == label.name }) {
            attributes.append(label)
        }
    }

    private static func hasPrefix(_ prefix: String, _ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        guard range.count >= prefix.utf8.count else { return false }
        var index = range.lowerBound
        for byte in prefix.utf8 {
            guard bytes[index] == byte else { return false }
            index += 1
        }
        return true
    }

    /// A length may cut a character in two, even in a line that is UTF-8.
    private static func isUTF8(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        (try? UTF8Span(validating: bytes.extracting(range))) != nil
    }

    /// Line ends travel as `\n`.
    private static func unescaped(_ text: String) -> String {
        guard text.utf8.contains(UInt8(ascii: "\\")) else { return text }
        var result: [UInt8] = []
        for byte in text.utf8 {
            if byte == UInt8(ascii: "n"), result.last == UInt8(ascii: "\\") {
                result[result.count - 1] = UInt8(ascii: "\n")
            } else {
                result.append(byte)
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}

extension ProtobufWriter {
    /// An ExportLogsServiceRequest.
    static func logs(_ messages: [DogStatsDMessage], observed: UInt64) -> [UInt8] {
        var writer = ProtobufWriter()
        writer.message(1) { group in
            group.message(2) { scoped in
                scoped.message(1) { $0.string(1, "hms.statsd") }
                for message in messages { scoped.message(2) { $0.logRecord(message, observed) } }
            }
        }
        return writer.bytes
    }

    private mutating func logRecord(_ message: DogStatsDMessage, _ observed: UInt64) {
        fixed64(1, message.time ?? observed)
        varint(2, message.severity.rawValue)
        textValue(5, message.body)
        attributes(6, message.attributes)
        fixed64(11, observed)
        string(12, message.eventName)
    }

    private mutating func textValue(_ number: UInt32, _ text: String) {
        message(number) { $0.string(1, text) }
    }
}
