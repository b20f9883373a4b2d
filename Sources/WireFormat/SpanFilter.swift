/// Copies an ExportTraceServiceRequest without some of its spans. What stays is copied byte for byte, unknown fields
/// included; only the lengths of the messages around a missing span are written anew. As protobuf messages concatenate,
/// several copies appended to one array are one message.
public enum SpanFilter {
    /// Appends to `output` the message with the spans that `keep` wants, and returns how many these are.
    ///
    /// `keep` gets the bytes of the trace id and the span id as they came: they may be empty or of wrong length.
    /// A ResourceSpans or ScopeSpans that has lost spans and has none left is left out. After a throw `output` is as
    /// it was.
    ///
    /// - Parameter mayHold: false for bytes of a message that certainly holds no span that is wanted: it is not looked into.
    public static func copy(
        _ message: Span<UInt8>, into output: inout [UInt8],
        mayHold: (Span<UInt8>) -> Bool = { _ in true },
        keep: (_ traceID: Span<UInt8>, _ spanID: Span<UInt8>) -> Bool
    ) throws(WireError) -> Int {
        try copy(message, into: &output, mayHold) { identity in
            let traceID = message.extracting(identity.traceIDStart..<identity.traceIDStart + identity.traceIDCount)
            let spanID = message.extracting(identity.spanIDStart..<identity.spanIDStart + identity.spanIDCount)
            return keep(traceID, spanID)
        }
    }

    /// Appends to `output` the message without the spans that `TelemetryScanner` refuses, and returns how many are left.
    public static func copyValid(_ message: Span<UInt8>, into output: inout [UInt8]) throws(WireError) -> Int {
        try copy(message, into: &output, { _ in true }) { identity in identity.fault(in: message) == nil }
    }

    private static func copy(
        _ message: Span<UInt8>, into output: inout [UInt8], _ mayHold: (Span<UInt8>) -> Bool,
        keep: (SpanIdentity) -> Bool
    ) throws(WireError) -> Int {
        let start = output.count
        var splice = Splice(appendingTo: output)
        // The splice has the only reference now, so that it appends in place.
        output = []
        defer { output = splice.bytes }
        do {
            let kept = try copyFields(FieldCursor(message), .request, of: message, &splice, mayHold, keep).kept
            splice.flush(message)
            return kept
        } catch {
            splice.truncate(to: start)
            throw error
        }
    }

    private enum Level {
        case request
        case resourceSpans
        case scopeSpans

        /// The field that holds the next level's messages.
        var field: UInt32 { self == .request ? 1 : 2 }
        var inner: Level { self == .request ? .resourceSpans : .scopeSpans }
    }

    private struct Outcome {
        var kept = 0
        var dropped = 0
    }

    /// Copies one message's fields. Calls itself twice at most: for a request's ResourceSpans, and for their ScopeSpans.
    private static func copyFields(
        _ fields: consuming FieldCursor, _ level: Level, of source: Span<UInt8>, _ splice: inout Splice,
        _ mayHold: (Span<UInt8>) -> Bool, _ keep: (SpanIdentity) -> Bool
    ) throws(WireError) -> Outcome {
        var cursor = fields
        var outcome = Outcome()
        while let field = try cursor.next() {
            let start = cursor.base + field.start
            let lengthStart = cursor.absoluteOffset
            guard field.number == level.field else {
                try cursor.skip(field)
                splice.copy(start..<cursor.absoluteOffset, of: source)
                continue
            }
            let inner = try cursor.readMessage(field)
            guard mayHold(source.extracting(inner.base..<cursor.absoluteOffset)) else {
                outcome.dropped += 1
                continue
            }
            if level == .scopeSpans {
                if keep(try identity(of: inner)) {
                    outcome.kept += 1
                    splice.copy(start..<cursor.absoluteOffset, of: source)
                } else {
                    outcome.dropped += 1
                }
                continue
            }
            let mark = splice.open(tag: start..<lengthStart, length: lengthStart..<inner.base, of: source)
            let part = try copyFields(inner, level.inner, of: source, &splice, mayHold, keep)
            outcome.kept += part.kept
            outcome.dropped += part.dropped
            guard part.dropped > 0 else { continue }
            if part.kept > 0 {
                splice.close(mark, of: source)
            } else {
                splice.discard(mark, of: source)
            }
        }
        return outcome
    }

    private static func identity(of span: consuming FieldCursor) throws(WireError) -> SpanIdentity {
        var cursor = span
        var identity = SpanIdentity()
        identity.start = cursor.base
        while let field = try cursor.next() {
            switch field.number {
            case 1:
                identity.traceIDCount = try cursor.readBytes(field).count
                identity.traceIDStart = cursor.absoluteOffset - identity.traceIDCount
            case 2:
                identity.spanIDCount = try cursor.readBytes(field).count
                identity.spanIDStart = cursor.absoluteOffset - identity.spanIDCount
            case 4:
                identity.parentCount = try cursor.readBytes(field).count
                identity.parentStart = cursor.absoluteOffset - identity.parentCount
            case 13:
                try noteLink(try cursor.readMessage(field), &identity)
            default:
                try cursor.skip(field)
            }
        }
        return identity
    }

    private static func noteLink(_ link: consuming FieldCursor, _ identity: inout SpanIdentity) throws(WireError) {
        var cursor = link
        while let field = try cursor.next() {
            switch field.number {
            case 1:
                let count = try cursor.readBytes(field).count
                identity.noteLinkTraceID(at: cursor.absoluteOffset - count, count: count)
            case 2:
                let count = try cursor.readBytes(field).count
                identity.noteLinkSpanID(at: cursor.absoluteOffset - count, count: count)
            default:
                try cursor.skip(field)
            }
        }
    }
}
