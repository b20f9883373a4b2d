import OTLP
import SpanColumns
import Synchronization
import Testing
import TraceAssembly
import TraceModel

@Suite("The tree in columns is the tree of the spans")
struct TraceShapeTests {
    /// Each span in a request of its own, which is its place.
    private func shape(of spans: [SpanValue], history: [RankTable?] = []) throws -> TraceShape {
        var columns = SpanColumns(of: sampleTrace)
        for (place, span) in spans.enumerated() {
            try columns.append(OTLPSpanWriter.encode([span]).span, place: UInt32(place))
        }
        return TraceShape(columns, history: history) { rows in rows.map { spans[$0] } }
    }

    private func expectEqual(_ shape: TraceShape, _ trace: AssembledTrace, _ spans: [SpanValue]) {
        #expect(shape.summary == trace.summary)
        #expect(shape.path == trace.criticalPath)
        #expect(shape.count == trace.nodes.count)
        for (index, node) in trace.nodes.enumerated() where index < shape.count {
            #expect(shape.id[index] == node.spanID.value)
            #expect(shape.parent[index] == Int32(node.parent ?? -1))
            #expect(shape.depth[index] == Int32(node.depth))
            #expect(shape.childCount[index] == Int32(node.childCount))
            #expect(shape.subtreeCount[index] == Int32(node.subtreeCount))
            #expect((shape.start[index], shape.end[index]) == (node.start, node.end))
            #expect(shape.selfTime[index] == node.selfTime)
            #expect(shape.criticalTime[index] == node.criticalTime)
            #expect(shape.oddities[index] == node.oddities)
            #expect(shape.isError(index) == node.isError)
            #expect((shape.service(index), shape.name(index)) == (node.serviceName, node.name))
            #expect(shape.kind(index) == node.span?.kind ?? .unspecified)
            #expect(shape.colours.step[index] == node.latencyStep)
            #expect(shape.colours.rank[index] == TraceColours.noRank)
            if let span = node.span {
                let place = Int(shape.place[index])
                #expect(spans.indices.contains(place) && spans[place] == span)
            } else {
                #expect(shape.place[index] == .max)
            }
        }
    }

    @Test("Random bags of spans, strange ones too, give the same tree both ways", arguments: 0..<400 as Range<UInt64>)
    func sameAsAssembled(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let spans = TracePropertyTests().randomSpans(&generator)
        expectEqual(try shape(of: spans), assemble(spans, as: sampleTrace), spans)
    }

    @Test("Columns that were read apart are joined as if they had been read by one", arguments: 0..<50 as Range<UInt64>)
    func joined(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let spans = TracePropertyTests().randomSpans(&generator)
        var (whole, first, second) = (
            SpanColumns(of: sampleTrace), SpanColumns(of: sampleTrace), SpanColumns(of: sampleTrace)
        )
        for (place, span) in spans.enumerated() {
            let request = OTLPSpanWriter.encode([span])
            try whole.append(request.span, place: UInt32(place))
            if place < spans.count / 2 {
                try first.append(request.span, place: UInt32(place))
            } else {
                try second.append(request.span, place: UInt32(place))
            }
        }
        first.append(second)
        #expect(first.id == whole.id)
        #expect(first.content == whole.content)
        #expect(first.place == whole.place)
        #expect(first.host == whole.host)
        for index in 0..<whole.count {
            #expect((first.service(index), first.name(index)) == (whole.service(index), whole.name(index)))
        }
        #expect(TraceShape(first).summary == TraceShape(whole).summary)
    }

    @Test("What is joined is bounded like what is read: the beginning is kept")
    func joinedWithinLimits() throws {
        var limits = SpanColumnLimits()
        limits.spans = 5
        func columns(_ ids: ClosedRange<UInt64>) throws -> SpanColumns {
            var columns = SpanColumns(of: sampleTrace, limits: limits)
            for id in ids { try columns.append(OTLPSpanWriter.encode([sample(id, 10, 20)]).span, place: UInt32(id)) }
            return columns
        }
        var (partly, full) = (try columns(1...3), try columns(1...5))
        partly.append(try columns(4...8))
        #expect(partly.id == [1, 2, 3, 4, 5] && partly.isFull)
        #expect(partly.operation.count == 5 && partly.linkCount.count == 5)
        full.append(try columns(6...8))
        #expect(full.id == [1, 2, 3, 4, 5] && full.place == [1, 2, 3, 4, 5])
    }

    /// Notes that it was asked, and works the second part out first.
    private final class SecondFirst: Pairing {
        let asked = Mutex(0)

        func both<First: Sendable, Second: Sendable>(
            _ first: @Sendable () -> First, _ second: @escaping @Sendable () -> Second
        ) -> (First, Second) {
            asked.withLock { $0 += 1 }
            let other = second()
            return (first(), other)
        }
    }

    @Test("Parts that are worked out side by side give the same tree", arguments: 0..<50 as Range<UInt64>)
    func paired(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let spans = TracePropertyTests().randomSpans(&generator)
        var columns = SpanColumns(of: sampleTrace)
        for (place, span) in spans.enumerated() {
            try columns.append(OTLPSpanWriter.encode([span]).span, place: UInt32(place))
        }
        let pairing = SecondFirst()
        let shape = TraceShape(columns, pairing: pairing) { rows in rows.map { spans[$0] } }
        expectEqual(shape, assemble(spans, as: sampleTrace), spans)
        // The table of ids, the parents, and the critical path beside the rest.
        #expect(pairing.asked.withLock { $0 } >= 3)
    }

    @Test("Where the copies of a span lie is known, and of one that came once where it lies")
    func places() throws {
        var columns = SpanColumns(of: sampleTrace)
        for (place, id) in [7, 8, 7, 9, 7, 8].enumerated() {
            try columns.append(OTLPSpanWriter.encode([sample(UInt64(id), 10, 20)]).span, place: UInt32(place))
        }
        let shape = TraceShape(columns)
        #expect(shape.places(of: try #require(shape.node(of: SpanID(value: 7)))) == [0, 2, 4])
        #expect(shape.places(of: try #require(shape.node(of: SpanID(value: 8)))) == [1, 5])
        #expect(shape.places(of: try #require(shape.node(of: SpanID(value: 9)))) == [3])
    }

    @Test("Spans of other traces are left out, and so is what lies behind a fault")
    func ownSpansAlone() throws {
        let own = sample(1, 10, 20)
        var foreign = sample(2, 10, 20)
        foreign.traceID = TraceID(high: 1, low: 1)
        var columns = SpanColumns(of: sampleTrace)
        try columns.append(OTLPSpanWriter.encode([foreign, own, foreign]).span, place: 7)
        #expect(columns.id == [1])
        #expect(columns.place == [7])
        let whole = OTLPSpanWriter.encode([sample(3, 1, 2)]) + OTLPSpanWriter.encode([sample(4, 1, 2)])
        #expect(throws: (any Error).self) {
            let cut = Array(whole.dropLast(3))
            try columns.append(cut.span, place: 8)
        }
        #expect(columns.id == [1, 3])
    }

    @Test("Names, messages and counts of events and links are kept; names that are too long end between two characters")
    func texts() throws {
        var span = sample(1, 10, 20, service: "päy", name: "GET /\u{1F600}", error: true)
        span.status = SpanStatus(.error, message: "no money")
        span.events = [SpanEvent("a", at: 11), SpanEvent("b", at: 12)]
        span.links = [SpanLink(traceID: sampleTrace, spanID: SpanID(value: 9))]
        var columns = SpanColumns(of: sampleTrace)
        try columns.append(OTLPSpanWriter.encode([span]).span, place: 0)
        let shape = TraceShape(columns)
        #expect(shape.service(0) == "päy")
        #expect(shape.name(0) == "GET /\u{1F600}")
        #expect(shape.texts[Int(shape.message[0])] == "no money")
        #expect((shape.eventCount[0], shape.linkCount[0]) == (2, 1))

        var limits = SpanColumnLimits()
        limits.longestText = 7
        var short = SpanColumns(of: sampleTrace, limits: limits)
        try short.append(OTLPSpanWriter.encode([span]).span, place: 0)
        #expect(short.name(0) == "GET /")
    }

    @Test("A host is the first of what names a machine; a service without one has a clock of its own")
    func hosts() throws {
        var named = sample(1, 10, 20)
        named.resource.attributes += [
            Attribute("k8s.pod.name", .string("pod-1")), Attribute("host.name", .string("node-1")),
        ]
        let unnamed = sample(2, 10, 20)
        var columns = SpanColumns(of: sampleTrace)
        try columns.append(OTLPSpanWriter.encode([named, unnamed, named]).span, place: 0)
        #expect(columns.host == [0, 1, 0])
        #expect(columns.hosts.map { columns.texts[Int($0.name)] } == ["node-1", ""])
        #expect(columns.hosts.map { columns.texts[Int($0.service)] } == ["", "svc"])
    }

    @Test("With a history the step is the rank among the operation's spans, without one the share of the path")
    func ranks() throws {
        let spans = [sample(1, 0 + 1000, 2000, name: "a"), sample(2, under: 1, 1000, 1400, name: "b")]
        let table = try #require(
            RankTable([
                .init(lower: 0, upper: 500, count: 90), .init(lower: 500, upper: 1000, count: 9),
                .init(lower: 1000, upper: 2000, count: 1),
            ]))
        let part = try shape(of: spans, history: [table, nil])
        #expect(part.colours.rank == [9950, TraceColours.noRank])
        #expect(part.colours.step == [.dominant, .large])
        #expect(part.colours.basis == .mixed)
        // A placeholder has no history and needs none.
        let whole = try shape(of: [sample(2, under: 1, 1000, 2000, name: "a")], history: [table])
        #expect(whole.colours.rank == [TraceColours.noRank, 9950])
        #expect(whole.colours.basis == .history)
    }

    @Test(
        "A rank is the share of faster spans, those of the same group counted as half",
        arguments: [(0, 450), (499, 450), (500, 5400), (999, 5400), (1000, 9950), (2000, 10_000), (.max, 10_000)]
            as [(UInt64, UInt16)])
    func rank(duration: UInt64, rank: UInt16) throws {
        let table = try #require(
            RankTable([
                .init(lower: 1000, upper: 2000, count: 1), .init(lower: 10, upper: 500, count: 9),
                .init(lower: 500, upper: 1000, count: 90),
            ]))
        #expect(table.rank(of: duration) == (duration < 10 ? 0 : rank))
    }

    @Test("Fewer than thirty spans are no history")
    func fewest() {
        #expect(RankTable([.init(lower: 1, upper: 2, count: 29)]) == nil)
        #expect(RankTable([.init(lower: 1, upper: 2, count: 30)]) != nil)
    }
}
