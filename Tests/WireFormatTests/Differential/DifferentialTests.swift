import Testing
import WireFormat

/// The scanner against protobuf-c on the same bytes.
@Suite struct DifferentialTests {
    /// What the scanner says; its counts in the oracle's form.
    private enum Verdict {
        case accepted(ProtobufCOracle)
        case rejected(WireError)
    }

    private func scan(_ bytes: [UInt8], _ kind: SignalKind) -> Verdict {
        var scanner = TelemetryScanner(collectsTraces: true)
        do {
            try scanner.scan(bytes, as: kind)
        } catch {
            return .rejected(error)
        }
        return .accepted(
            ProtobufCOracle(items: scanner.items, refused: scanner.refusedCount, runs: scanner.runs))
    }

    /// What protobuf-c takes and the scanner refuses, by design.
    private func isDocumented(_ reason: WireError.Reason) -> Bool {
        switch reason {
        case .invalidUTF8: true  // protobuf-c doesn't look at strings
        case .nestedTooDeep: true  // nor at depth
        case .invalidFieldNumber: true  // it drops bits over a tag's 32nd
        case .overlongVarint: true  // it drops bits over a varint's 64th
        default: false
        }
    }

    /// Nil if the two agree; else what they disagree in.
    private func disagreement(_ bytes: [UInt8], _ kind: SignalKind) -> String? {
        let oracle = ProtobufCOracle.decode(bytes, kind)
        switch (scan(bytes, kind), oracle) {
        case (.rejected(let error), .some):
            return isDocumented(error.reason) ? nil : "only the scanner refuses: \(error)"
        case (.rejected, nil): return nil
        case (.accepted, nil): return "only protobuf-c refuses"
        case (.accepted(let counts), .some(let oracle)):
            // A oneof given twice keeps its last member in protobuf-c; the scanner counts the points of all.
            if kind == .metrics ? counts.items >= oracle.items : counts == oracle { return nil }
            return "the scanner counts \(counts), protobuf-c \(oracle)"
        }
    }

    @Test(
        "Random valid requests: both accept, and count the same items, refused spans and traces",
        arguments: SignalKind.allCases)
    func validRequests(kind: SignalKind) {
        var items = 0
        for seed in 0..<400 as Range<UInt64> {
            let bytes = RandomMessage.request(kind, seed: seed)
            guard case .accepted(let counts) = scan(bytes, kind) else {
                Issue.record("seed \(seed): \(scan(bytes, kind))")
                continue
            }
            #expect(counts == ProtobufCOracle.decode(bytes, kind), "seed \(seed)")
            items += counts.items
        }
        #expect(items > 400, "the generator makes next to nothing")
    }

    @Test("Every truncation: both accept or both refuse", arguments: SignalKind.allCases)
    func truncations(kind: SignalKind) {
        for seed in 0..<12 as Range<UInt64> {
            let bytes = RandomMessage.request(kind, seed: seed)
            for count in 0..<bytes.count {
                let found = disagreement(Array(bytes.prefix(count)), kind)
                #expect(found == nil, "seed \(seed), \(count) bytes")
            }
        }
    }

    @Test(
        "Mutated requests: both accept or both refuse, but for the documented differences",
        arguments: SignalKind.allCases)
    func mutations(kind: SignalKind) {
        var random = SeededGenerator(seed: 99)
        var rejected = 0
        for seed in 0..<3000 as Range<UInt64> {
            var bytes = RandomMessage.request(kind, seed: seed % 300)
            for _ in 0..<Int.random(in: 1...3, using: &random) { mutate(&bytes, &random) }
            guard bytes.count <= ProtobufCOracle.maximumBytes else { continue }
            if ProtobufCOracle.decode(bytes, kind) == nil { rejected += 1 }
            let found = disagreement(bytes, kind)
            #expect(found == nil, "seed \(seed): \(bytes)")
        }
        #expect(rejected > 500)
        #expect(rejected < 2900)
    }

    private func mutate(_ bytes: inout [UInt8], _ random: inout SeededGenerator) {
        let place = Int.random(in: 0..<max(bytes.count, 1), using: &random)
        guard !bytes.isEmpty else { return }
        switch Int.random(in: 0..<5, using: &random) {
        case 0: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        case 1: bytes[place] = UInt8.random(in: 0...255, using: &random)
        case 2: bytes.remove(at: place)
        case 3: bytes.insert([0x00, 0x0A, 0x80, 0xFF].randomElement(using: &random)!, at: place)
        default:
            let end = min(bytes.count, place + Int.random(in: 1...20, using: &random))
            bytes.insert(contentsOf: bytes[place..<end], at: place)
        }
    }

    struct Difference: Sendable {
        var name: String
        var bytes: [UInt8]
        var reason: WireError.Reason
    }

    @Test(
        "Documented differences: protobuf-c takes what the scanner refuses",
        arguments: [
            Difference(
                name: "a string that is not UTF-8", bytes: Sample.field(1, Sample.field(3, [0xC0, 0x80])),
                reason: .invalidUTF8),
            Difference(
                name: "a tag over 32 bits", bytes: [0x80, 0x80, 0x80, 0x80, 0x70, 0x01], reason: .invalidFieldNumber),
            Difference(
                name: "a varint over 64 bits", bytes: [0x50] + Array(repeating: 0xFF, count: 9) + [0x7F],
                reason: .overlongVarint),
            Difference(
                name: "33 messages in each other",
                bytes: Sample.resourceSpans([
                    Sample.span(
                        more: Sample.field(
                            9,
                            Sample.field(
                                2,
                                (0..<14).reduce(Sample.field(1, "x")) { inner, _ in
                                    Sample.field(5, Sample.field(1, inner))
                                })))
                ]), reason: .nestedTooDeep(limit: 32)),
        ])
    func documentedDifferences(difference: Difference) {
        #expect(ProtobufCOracle.decode(difference.bytes, .traces) != nil, "\(difference.name)")
        guard case .rejected(let error) = scan(difference.bytes, .traces) else {
            Issue.record("the scanner takes \(difference.name)")
            return
        }
        #expect(error.reason == difference.reason)
    }

    @Test("A filter that keeps everything changes nothing; copyValid leaves a message without refused spans")
    func filters() throws {
        for seed in 0..<400 as Range<UInt64> {
            let bytes = RandomMessage.request(.traces, seed: seed)
            var all: [UInt8] = []
            _ = try SpanFilter.copy(bytes, into: &all) { _, _ in true }
            #expect(all == bytes, "seed \(seed)")
            var valid: [UInt8] = []
            let kept = try SpanFilter.copyValid(bytes, into: &valid)
            guard case .accepted(let before) = scan(bytes, .traces), case .accepted(let after) = scan(valid, .traces)
            else {
                Issue.record("seed \(seed)")
                continue
            }
            #expect(kept == before.items, "seed \(seed)")
            #expect(after == ProtobufCOracle(items: before.items, refused: 0, runs: before.runs), "seed \(seed)")
        }
    }
}
