package import OTLP

/// The spans of a document in the JSON of Jaeger's query API: `{"data":[…]}` as it answers and as its console saves, one
/// trace, an array of traces, or an array of spans that carry their `process`. See `docs/ForeignTraces.md` for what becomes
/// of what.
package func readJaegerJSON(
    _ bytes: [UInt8], limits: ForeignTraceLimits = ForeignTraceLimits()
) throws(ForeignTraceError) -> [SpanValue] {
    var reader = JaegerJSONReader(bytes, limits: limits)
    return try reader.read()
}

/// The spans of a document in Zipkin's JSON, version 2: an array of spans, or an array of such arrays.
package func readZipkinJSON(
    _ bytes: [UInt8], limits: ForeignTraceLimits = ForeignTraceLimits()
) throws(ForeignTraceError) -> [SpanValue] {
    var reader = ZipkinJSONReader(bytes, limits: limits)
    return try reader.read()
}
