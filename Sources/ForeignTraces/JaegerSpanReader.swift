import JSON
import OTLP

/// Reads one span, and the lists within it.
enum JaegerSpanReader {
    /// Nil for `null`.
    static func readSpan(
        _ reader: inout DocumentReader, _ limits: ForeignTraceLimits
    ) throws(ForeignTraceError) -> JaegerSpan? {
        guard try reader.beginObject("span") else { return nil }
        var span = JaegerSpan()
        var room = limits.maximumItemsPerSpan
        func count(_ reader: DocumentReader) throws(ForeignTraceError) {
            room -= 1
            guard room >= 0 else { throw reader.error(.tooManyItems(limit: limits.maximumItemsPerSpan)) }
        }
        while let key = try reader.nextKey() {
            switch key {
            case "traceID": span.traceID = try reader.string(key)
            case "spanID": span.spanID = try reader.string(key)
            case "parentSpanID": span.parentSpanID = try reader.string(key)
            case "operationName": span.name = try reader.string(key)
            case "flags": span.flags = try reader.number(key)?.int64 ?? 0
            case "startTime": span.start = try reader.number(key)?.nanoseconds ?? 0
            case "duration": span.duration = try reader.number(key)?.nanoseconds ?? 0
            case "processID": span.processID = try reader.string(key)
            case "process": span.process = try readProcess(&reader, limits)
            case "tags": span.tags = try readTags(&reader, count)
            case "references":
                guard try reader.beginArray(key) else { continue }
                while try reader.hasElement() {
                    try count(reader)
                    if let reference = try readReference(&reader) { span.references.append(reference) }
                }
            case "logs":
                guard try reader.beginArray(key) else { continue }
                while try reader.hasElement() {
                    try count(reader)
                    if let event = try readLog(&reader, count) { span.events.append(event) }
                }
            default: try reader.skip()
            }
        }
        return span
    }

    static func readProcess(
        _ reader: inout DocumentReader, _ limits: ForeignTraceLimits
    ) throws(ForeignTraceError) -> ResourceValue {
        var service = ""
        var tags: [Attribute] = []
        guard try reader.beginObject("process") else { return ResourceValue() }
        var room = limits.maximumItemsPerSpan
        while let key = try reader.nextKey() {
            switch key {
            case "serviceName": service = try reader.string(key)
            case "tags":
                tags = try readTags(&reader) { (reader) throws(ForeignTraceError) in
                    room -= 1
                    guard room >= 0 else { throw reader.error(.tooManyItems(limit: limits.maximumItemsPerSpan)) }
                }
            default: try reader.skip()
            }
        }
        return ResourceValue(service.isEmpty ? tags : [Attribute("service.name", .string(service))] + tags)
    }

    /// A list of `{"key","type","value"}`.
    private static func readTags(
        _ reader: inout DocumentReader, _ count: (DocumentReader) throws(ForeignTraceError) -> Void
    ) throws(ForeignTraceError) -> [Attribute] {
        var tags: [Attribute] = []
        guard try reader.beginArray("tags") else { return tags }
        while try reader.hasElement() {
            try count(reader)
            guard try reader.beginObject("tag") else { continue }
            var name = ""
            var type = ""
            var value = ForeignScalar.null
            while let key = try reader.nextKey() {
                switch key {
                case "key": name = try reader.string(key)
                case "type": type = try reader.string(key)
                case "value": value = try reader.scalar()
                default: try reader.skip()
                }
            }
            tags.append(Attribute(name, AttributeValue(value, jaegerType: type)))
        }
        return tags
    }

    private static func readReference(
        _ reader: inout DocumentReader
    ) throws(ForeignTraceError) -> JaegerSpan.Reference? {
        guard try reader.beginObject("reference") else { return nil }
        var (type, traceID, spanID) = ("", "", "")
        while let key = try reader.nextKey() {
            switch key {
            case "refType": type = try reader.string(key)
            case "traceID": traceID = try reader.string(key)
            case "spanID": spanID = try reader.string(key)
            default: try reader.skip()
            }
        }
        guard let trace = ForeignID.trace(traceID) else {
            throw reader.error(.missing(field: "traceID", in: "reference"))
        }
        guard let span = ForeignID.span(spanID) else {
            throw reader.error(.missing(field: "spanID", in: "reference"))
        }
        return JaegerSpan.Reference(isChildOf: type != "FOLLOWS_FROM", traceID: trace, spanID: span)
    }

    private static func readLog(
        _ reader: inout DocumentReader, _ count: (DocumentReader) throws(ForeignTraceError) -> Void
    ) throws(ForeignTraceError) -> SpanEvent? {
        guard try reader.beginObject("log") else { return nil }
        var event = SpanEvent("", at: 0)
        while let key = try reader.nextKey() {
            switch key {
            case "timestamp": event.timeUnixNano = try reader.number(key)?.nanoseconds ?? 0
            case "fields": event.attributes = try readTags(&reader, count)
            default: try reader.skip()
            }
        }
        var fields = ConventionalTags(event.attributes)
        event.name = fields.takeFirst("event") ?? ""
        event.attributes = fields.attributes
        return event
    }
}

extension AttributeValue {
    /// A value that is not what its type says keeps what it is.
    init(_ value: ForeignScalar, jaegerType type: String) {
        switch (type, value) {
        case (_, .null): self = .empty
        case (_, .bool(let flag)): self = .bool(flag)
        case (_, .composite(let text)): self = .string(text)
        case ("float64", .number(let number)): self = Double(number.text).map { .double($0) } ?? .string(number.text)
        case ("string", .number(let number)): self = .string(number.text)
        case (_, .number(let number)):
            if let whole = number.int64 {
                self = .int(whole)
            } else if let decimal = Double(number.text), decimal.isFinite {
                self = .double(decimal)
            } else {
                self = .string(number.text)
            }
        case (_, .string(let text)): self = Self.typed(text, type)
        }
    }

    private static func typed(_ text: String, _ type: String) -> AttributeValue {
        switch type {
        case "int64": Int64(text).map { .int($0) } ?? .string(text)
        case "bool": text == "true" ? .bool(true) : text == "false" ? .bool(false) : .string(text)
        case "float64":
            switch text {
            case "NaN": .double(.nan)
            case "Infinity", "+Inf": .double(.infinity)
            case "-Infinity", "-Inf": .double(-.infinity)
            default:
                JSONTokenizer.number(inText: text) == nil
                    ? .string(text) : Double(text).map { .double($0) } ?? .string(text)
            }
        case "binary": Base64.decode(Array(text.utf8)).map { .bytes($0) } ?? .string(text)
        default: .string(text)
        }
    }
}
