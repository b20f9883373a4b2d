import ForeignTraces
import OTLP
import OTLPFiles
import WireFormat

/// Files of other tracing systems, read whole and turned into OTLP requests.
struct ForeignFile {
    static let maximumBytes = 256 << 20
    private static let spansPerRequest = 1_000

    private var spans: ArraySlice<SpanValue>
    private var number = 0

    init(_ source: ByteSource, format: TelemetryFormat) throws(OTLPFileError) {
        var bytes: [UInt8] = []
        while try source.read(into: &bytes) {
            guard bytes.count <= Self.maximumBytes else {
                throw OTLPFileError(source.path, .file, .tooLarge(limit: Self.maximumBytes))
            }
        }
        spans = try Self.read(bytes, format, source.path)[...]
    }

    /// Where the readers of foreign formats are called.
    private static func read(
        _ bytes: [UInt8], _ format: TelemetryFormat, _ path: String
    ) throws(OTLPFileError) -> [SpanValue] {
        do throws(ForeignTraceError) {
            return format == .zipkinJSON ? try readZipkinJSON(bytes) : try readJaegerJSON(bytes)
        } catch {
            throw OTLPFileError(path, .file, .system(operation: "read it", reason: "\(error)"))
        }
    }

    mutating func next() -> OTLPFileRecord? {
        guard !spans.isEmpty else { return nil }
        let part = spans.prefix(Self.spansPerRequest)
        spans = spans.dropFirst(part.count)
        number += 1
        return OTLPFileRecord(kind: .traces, message: OTLPSpanWriter.encode(Array(part)), place: .file)
    }
}
