import JSON

/// What a file of telemetry holds.
package enum TelemetryFormat: String, Sendable, CaseIterable {
    /// OTLP/JSON requests, one behind the other, usually each on a line of its own.
    case otlpJSON = "otlp-json"
    /// OTLP protobuf requests, each behind its length as a varint; or one bare request.
    case otlpProtobuf = "otlp-protobuf"
    case jaegerJSON = "jaeger"
    case zipkinJSON = "zipkin"

    /// Judges by the first bytes of the unpacked content; nil for what is none of these.
    package init?(head: [UInt8]) {
        let isSpace = { (byte: UInt8) in byte == 0x20 || byte == 0x09 || byte == 0x0D }
        guard let first = head.first(where: { !isSpace($0) && $0 != 0x0A }) else {
            self = .otlpJSON  // nothing at all, which is a file without requests
            return
        }
        switch first {
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            guard let format = Self.ofJSON(head) else { return nil }
            self = format
        default:
            guard OTLPProtobufLayout(head: head) != nil else { return nil }
            self = .otlpProtobuf
        }
    }

    /// By the members of the outermost object, or of the first one in an array.
    private static func ofJSON(_ head: [UInt8]) -> TelemetryFormat? {
        // The head may end anywhere; what stands before that is enough.
        var tokenizer = JSONTokenizer(head, depthLimit: 256)
        guard let first = try? tokenizer.next() else { return nil }
        let isArray = first == .beginArray
        if isArray {
            guard let inner = try? tokenizer.next() else { return nil }
            if inner == .endArray { return .zipkinJSON }
            guard inner == .beginObject else { return nil }
        }
        let level = tokenizer.depth
        while let token = try? tokenizer.next(), tokenizer.depth >= level {
            guard case .key(let key) = token, tokenizer.depth == level else { continue }
            switch tokenizer.string(key) {
            case "resourceSpans", "resource_spans", "resourceMetrics", "resource_metrics", "resourceLogs",
                "resource_logs":
                return isArray ? nil : .otlpJSON
            case "data", "processes", "spans", "traceID": return .jaegerJSON
            case "traceId", "localEndpoint", "remoteEndpoint", "parentId": return isArray ? .zipkinJSON : nil
            default: continue
            }
        }
        // An object without members is a request without content.
        return !isArray && head.filter({ $0 > 0x20 }).starts(with: Array("{}".utf8)) ? .otlpJSON : nil
    }
}

/// How protobuf requests lie in a file.
enum OTLPProtobufLayout {
    /// Each behind its length.
    case delimited
    /// One request, which is the whole content.
    case bare

    /// A request of any signal begins with its one field, tag 0x0A. Where that is the first byte it may as well be a length
    /// of ten; then the request's own tag follows, and in it a length that is less than any tag.
    init?(head: [UInt8]) {
        var length = 0
        for index in 0..<min(5, head.count) {
            length |= Int(head[index] & 0x7F) << (7 * index)
            guard head[index] < 0x80 else { continue }
            let next = index + 1 < head.count ? head[index + 1] : 0x0A
            if head[0] == 0x0A, index == 0 {
                let third = head.count > 2 ? head[2] : 0
                self = next == 0x0A && third <= 8 ? .delimited : .bare
                return
            }
            guard length == 0 || next == 0x0A else { return nil }
            self = .delimited
            return
        }
        return nil
    }
}
