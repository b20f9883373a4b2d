import Outlines
import Testing
import TraceModel

@testable import Summaries

@Suite("Outlines, made with the figures")
struct TraceOutlinesTests {
    private static let start = SampleSpan.beginning

    private static func digest(
        _ builder: inout SummaryBuilder, trace: UInt64 = 1, id: UInt64, parent: UInt64 = 0, service: String = "shop",
        name: String = "GET /", status: UInt8 = 0, start: UInt64 = start, lasts: UInt64 = 100
    ) -> SpanDigest {
        let operation = builder.symbols.operation(ofName: name.utf8Span.span)
        return SpanDigest(
            trace: TraceID(high: 9, low: trace), spanID: id, parentID: parent, start: start, end: start + lasts,
            service: builder.symbols.intern(service), operation: operation,
            isExactName: String(decoding: builder.symbols.bytes(of: operation), as: UTF8.self) == name, kind: 2,
            status: status, contentHash: id)
    }

    /// Of a trace what its outlines say.
    struct Told: Equatable {
        var isClosed: Bool
        var frames: [UInt32]
        var extent: UInt16
        var services: Set<String?> = []
        var names: Set<String?> = []
        var durations: [UInt16] = []
    }

    private static func told(_ builder: SummaryBuilder) throws -> [UInt32: Told] {
        let (summary, bytes) = builder.summaryAndOutlines(moment: start)
        // The figures are what they are without outlines.
        #expect(summary.encode() == builder.summary().encode())
        return try bytes.withUnsafeBytes { bytes in
            let table = try #require(OutlineTable(bytes))
            func text(_ number: Int?) -> String? {
                number.map { String(decoding: table.text($0), as: UTF8.self) }
            }
            var traces: [UInt32: Told] = [:]
            var trace = table.cursor
            while trace.next() {
                var told = Told(
                    isClosed: trace.isClosed, frames: [trace.frame] + trace.otherFrames, extent: trace.extent)
                for index in 0..<trace.count {
                    let shape = table.shapes[trace.shape(index)]
                    told.services.insert(text(shape.service))
                    told.names.insert(text(shape.name))
                    told.durations.append(trace.duration(index))
                }
                traces[trace.hash] = told
            }
            let isIntact = trace.isIntact
            #expect(isIntact)
            return traces
        }
    }

    private static func hash(_ trace: UInt64) -> UInt32 { OutlineHash.of(TraceID(high: 9, low: trace)) }

    @Test("A trace is told whole with the frames that its spans came in, empty frames and earlier spans between them")
    func tellsFrames() throws {
        var builder = SummaryBuilder()
        builder.add(Self.digest(&builder, id: 1, lasts: 300))
        builder.finishFrame()
        builder.finishFrame()
        builder.preload(Self.digest(&builder, trace: 2, id: 7))
        builder.add(Self.digest(&builder, id: 2, parent: 1, service: "pay", name: "POST /", lasts: 200))
        builder.add(Self.digest(&builder, trace: 2, id: 8, parent: 7))
        builder.finishFrame()
        builder.add(Self.digest(&builder, trace: 3, id: 1))
        builder.finishFrame()
        let told = try Self.told(builder)
        #expect(
            told == [
                Self.hash(1): Told(
                    isClosed: true, frames: [0, 2], extent: 300, services: ["shop", "pay"], names: ["GET /", "POST /"],
                    durations: [300, 200]),
                // Of what an earlier segment holds nothing is told, and so not how spans stand.
                Self.hash(2): Told(
                    isClosed: false, frames: [2], extent: 100, services: ["shop"], names: ["GET /"], durations: [100]),
                Self.hash(3): Told(
                    isClosed: true, frames: [3], extent: 100, services: ["shop"], names: ["GET /"], durations: [100]),
            ])
    }

    @Test("Copies, a missing parent, a span that is its own parent and a ring leave a trace open")
    func leavesOpen() throws {
        var builder = SummaryBuilder()
        for copy in 0..<2 as Range<UInt64> {
            builder.add(Self.digest(&builder, trace: 1, id: 1, lasts: 100 + copy))
        }
        builder.add(Self.digest(&builder, trace: 2, id: 2, parent: 1))
        builder.add(Self.digest(&builder, trace: 3, id: 1, parent: 1))
        builder.add(Self.digest(&builder, trace: 4, id: 1, parent: 2))
        builder.add(Self.digest(&builder, trace: 4, id: 2, parent: 1))
        builder.finishFrame()
        let told = try Self.told(builder)
        #expect(told.count == 4)
        for (_, trace) in told { #expect(!trace.isClosed) }
        #expect(told[Self.hash(1)]?.durations.sorted() == [100, 101])
    }

    @Test("What is not known exactly is not told: clustered names, long services, the service that stands for too many")
    func tellsWhatIsExact() throws {
        var builder = SummaryBuilder()
        let names: [(service: String, name: String)] = [
            ("shop", "GET /claims/123"), (String(repeating: "s", count: 250), "GET /"),
            (String(repeating: "s", count: 251), "GET /"), ("other", "other"), ("", ""),
        ]
        for (number, name) in names.enumerated() {
            builder.add(
                Self.digest(&builder, trace: UInt64(number), id: 1, service: name.service, name: name.name))
        }
        builder.finishFrame()
        let told = try Self.told(builder)
        #expect(told[Self.hash(0)]?.services == ["shop"] && told[Self.hash(0)]?.names == [nil])
        #expect(told[Self.hash(1)]?.services == [names[1].service])
        #expect(told[Self.hash(2)]?.services == [nil] && told[Self.hash(2)]?.names == ["GET /"])
        #expect(told[Self.hash(3)]?.services == [nil] && told[Self.hash(3)]?.names == [nil])
        #expect(told[Self.hash(4)]?.services == [""] && told[Self.hash(4)]?.names == [""])
    }

    @Test("A trace with a time that no clock measured has no extent", arguments: [0, 946_684_799_999_999_999, 1 << 63])
    func hasNoExtent(start: UInt64) throws {
        var builder = SummaryBuilder()
        builder.add(Self.digest(&builder, id: 1))
        builder.add(Self.digest(&builder, id: 2, parent: 1, start: start))
        builder.finishFrame()
        #expect(try Self.told(builder)[Self.hash(1)]?.extent == DurationCode.unknown)
    }
}
