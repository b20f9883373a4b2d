import Testing
import TraceModel

/// Header fields as a request has them: in order, names in any case.
struct Headers: HeaderCarrier {
    var fields: [(String, String)]
    func headerValues(_ name: String) -> [String] {
        fields.filter { $0.0.lowercased() == name }.map { $0.1 }
    }
}

private func text(_ context: TraceContext) -> String {
    "\(context.traceID)-\(context.spanID.map { $0.description } ?? "-")-\(context.flags)"
}

// The `!` in here stand behind ids of the header table, which are constants that parse.
@Suite struct PropagatorTests {
    @Test("The table of headers is read as the contract says", arguments: headerTable)
    func table(row: HeaderRow) {
        let extraction = Propagator().extract(Headers(fields: row.headers))
        #expect(extraction.context.map(text) == row.context)
        #expect(extraction.source == row.source)
        #expect(extraction.context?.traceState.description ?? "" == row.state)
        let links = extraction.links.map { link in
            link.traceState.isEmpty ? text(link) : "\(text(link)) \(link.traceState)"
        }
        #expect(links == row.links)
        #expect(extraction.problems.map(\.description) == row.problems)
        #expect(extraction.samplingDecision == row.decision)
    }

    @Test("The table has its rows, and no name twice")
    func tableSize() {
        #expect(headerTable.count >= 80)
        #expect(Set(headerTable.map(\.name)).count == headerTable.count)
    }

    @Test("The order of reading decides who wins, and formats that are not listed are not read")
    func order() {
        let headers = Headers(fields: [
            ("x-hms-trace-id", t1), ("traceparent", "00-\(t2)-\(s2)-01"), ("b3", "\(t1)-\(s3)-0"),
        ])
        let foreignFirst = Propagator(reads: [.w3c, .hms]).extract(headers)
        #expect(foreignFirst.context.map(text) == "\(t2)-\(s2)-01")
        #expect(foreignFirst.links.map(text) == ["\(t1)---01"])
        #expect(foreignFirst.problems == [PropagationProblem("x-hms-trace-id", .conflict)])
        #expect(
            Propagator(reads: [.b3]).extract(headers)
                == Extraction(
                    context: TraceContext(traceID: TraceID(hex: t1)!, spanID: SpanID(hex: s3), flags: []), source: .b3))
        #expect(Propagator(reads: []).extract(headers) == Extraction())
    }

    private func written(_ context: TraceContext, by propagator: Propagator = Propagator()) -> [String] {
        var lines: [String] = []
        propagator.inject(context) { lines.append("\($0): \($1)") }
        return lines
    }

    @Test("Our header is written in full, with traceparent, and tracestate where there is one")
    func writing() throws {
        var context = TraceContext(traceID: TraceID(hex: t1)!, spanID: SpanID(hex: s2), flags: [])
        #expect(written(context) == ["x-hms-trace-id: \(t1)-\(s2)-00", "traceparent: 00-\(t1)-\(s2)-00"])
        context.flags = .sampled
        context.traceState = try TraceState(headers: ["a=1", " b=2"])
        #expect(
            written(context) == [
                "x-hms-trace-id: \(t1)-\(s2)-01", "traceparent: 00-\(t1)-\(s2)-01", "tracestate: a=1,b=2",
            ])
    }

    @Test("B3 is written where it is asked for, and nothing that is not")
    func writingB3() {
        let context = TraceContext(traceID: TraceID(hex: t1)!, spanID: SpanID(hex: s2))
        #expect(written(context, by: Propagator(writes: [.b3Single])) == ["b3: \(t1)-\(s2)-1"])
        #expect(
            written(context, by: Propagator(writes: [.b3Multi]))
                == ["x-b3-traceid: \(t1)", "x-b3-spanid: \(s2)", "x-b3-sampled: 1"])
        #expect(written(context, by: Propagator(writes: [.hms])) == ["x-hms-trace-id: \(t1)-\(s2)-01"])
        #expect(written(context, by: Propagator(writes: [])) == [])
    }

    @Test("A context without a span can only be written bare, one without a trace not at all")
    func writingPartial() {
        #expect(written(TraceContext(traceID: TraceID(hex: t1)!, spanID: nil)) == ["x-hms-trace-id: \(t1)"])
        #expect(written(TraceContext(traceID: TraceID(high: 0, low: 0), spanID: SpanID(value: 1))) == [])
    }

    @Test("What is written is read back the same, in every format, for random contexts")
    func roundTrip() throws {
        var generator = SplitMix(state: 42)
        for _ in 0..<500 {
            let flags = TraceFlags(rawValue: UInt8.random(in: 0...3, using: &generator))
            var context = TraceContext(
                traceID: TraceID.random(using: &generator), spanID: SpanID.random(using: &generator), flags: flags)
            if Bool.random(using: &generator) {
                context.traceState = try TraceState(headers: ["k\(generator.next())=v"])
            }
            for (format, writes) in [
                (PropagationFormat.hms, Set([Propagator.WrittenFormat.hms, .w3c])), (.w3c, [.w3c]), (.b3, [.b3Single]),
                (.b3, [.b3Multi]), (.hms, Set(Propagator.WrittenFormat.allCases)),
            ] {
                var fields: [(String, String)] = []
                Propagator(writes: writes).inject(context) { fields.append(($0, $1)) }
                var expected = context
                // B3 knows one flag and no tracestate.
                if format == .b3 {
                    expected.flags.formIntersection(.sampled)
                    expected.traceState = TraceState()
                }
                #expect(Propagator().extract(Headers(fields: fields)) == Extraction(context: expected, source: format))
            }
        }
    }

    @Test("No header value makes reading fail: damaged copies of good ones give a context or a problem")
    func damaged() {
        var generator = SplitMix(state: 7)
        let names = ["x-hms-trace-id", "traceparent", "b3"]
        let good = ["\(t1)-\(s1)-01", "00-\(t1)-\(s1)-01", "\(t1)-\(s1)-1"]
        for _ in 0..<3_000 {
            let index = Int.random(in: 0..<3, using: &generator)
            var bytes = Array(good[index].utf8)
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                let at = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0..<3, using: &generator) {
                case 0: bytes[at] = UInt8.random(in: 0...255, using: &generator)
                case 1: bytes.remove(at: at)
                default: bytes.insert(UInt8.random(in: 0x20...0x7E, using: &generator), at: at)
                }
            }
            let value = String(decoding: bytes, as: UTF8.self)
            let extraction = Propagator().extract(Headers(fields: [(names[index], value)]))
            #expect((extraction.context != nil) != (extraction.problems.count == 1), "\(names[index]): \(value)")
            if let context = extraction.context { #expect(!context.traceID.isZero && context.spanID?.isZero != true) }
        }
    }
}

/// A seeded generator, so that a failing run can be repeated.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
