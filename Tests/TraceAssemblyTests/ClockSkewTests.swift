import OTLP
import Testing

@testable import TraceAssembly

@Suite("Clocks of hosts are compared by their requests")
struct ClockSkewTests {
    @Test("One request bounds the difference from both sides, and the caller's host is the reference")
    func onePair() {
        let skew = skew([(-1, 0, 100, .client, 0), (0, 1_020, 1_080, .server, 1)])
        #expect(skew.offsets[0] == ClockOffset(bounds: ClockInterval(low: 0, high: 0), pairs: 0, reference: 0))
        #expect(skew.offsets[1] == ClockOffset(bounds: ClockInterval(low: 980, high: 1_020), pairs: 1, reference: 0))
        #expect((skew.shift(of: 0), skew.shift(of: 1)) == (0, -1_000))
    }

    @Test("The reference is the host of the first node, also where its number is the larger one")
    func reference() {
        let skew = skew([(-1, 0, 100, .client, 1), (0, 1_020, 1_080, .server, 0)])
        #expect(skew.offsets.map { $0?.reference } == [1, 1])
        #expect(skew.offsets[0]?.bounds == ClockInterval(low: 980, high: 1_020))
        #expect(
            skew.pairs == [
                HostPair(
                    first: 0, second: 1, bounds: ClockInterval(low: -1_020, high: -980), pairs: 1, agreeing: 1)
            ])
    }

    @Test("Requests in both directions narrow the bounds")
    func bothDirections() {
        let skew = skew([
            (-1, 0, 100, .client, 0), (0, 1_010, 1_080, .server, 1), (1, 1_020, 1_070, .client, 1),
            (2, 21, 61, .server, 0),
        ])
        // The way there: 980 to 1010. The way back: between 1020 - 21 = 999 and 1070 - 61 = 1009.
        #expect(skew.offsets[1]?.bounds == ClockInterval(low: 999, high: 1_009))
        #expect(skew.offsets[1]?.pairs == 2)
        #expect(skew.shift(of: 3) == 0)
    }

    @Test("Of two ways the one with the tighter bounds counts")
    func tightestPath() {
        let skew = skew(
            [
                (-1, 0, 1_000, .server, 0), (0, 0, 100, .client, 0), (1, 10, 20, .server, 1),  // 90 wide
                (0, 200, 300, .client, 0), (3, 205, 295, .server, 2),  // 10 wide
                (4, 210, 290, .client, 2), (5, 215, 285, .server, 1),  // 10 wide
            ], hostCount: 3)
        #expect(skew.offsets[1]?.bounds == ClockInterval(low: -10, high: 10))
        #expect(skew.offsets[1]?.pairs == 1)
    }

    @Test("Requests within one host, without a known host, or of other kinds say nothing")
    func silent() {
        for (client, server, first, second) in [
            (SpanKind.client, SpanKind.server, UInt32(1), UInt32(1)), (.client, .server, 0, .max),
            (.client, .server, .max, 1), (.client, .server, 0, 2), (.internal, .server, 0, 1),
            (.client, .internal, 0, 1), (.producer, .consumer, 0, 1), (.server, .client, 0, 1),
        ] {
            let skew = skew([(-1, 0, 100, client, first), (0, 1_020, 1_080, server, second)])
            #expect(skew.offsets == [nil, nil])
            #expect(skew.pairs.isEmpty)
            #expect(skew.shift(of: 1) == 0)
        }
    }

    @Test("A span whose start is borrowed bounds nothing and moves with its parent, a placeholder with its children")
    func untimed() {
        let skew = skew(
            [
                (-1, 0, 100, .client, 0), (0, 1_020, 1_080, .server, 1), (1, 1_020, 1_020, .internal, 1),
                (-1, 1_030, 1_060, .unspecified, .max), (3, 1_030, 1_040, .internal, 1),
                (3, 1_050, 1_060, .internal, 1), (-1, 30, 1_060, .unspecified, .max), (6, 30, 40, .internal, 0),
                (6, 1_050, 1_060, .internal, 1),
            ], untimed: [2, 3, 6])
        #expect((0..<9).map(skew.shift) == [0, -1_000, -1_000, -1_000, -1_000, -1_000, 0, 0, -1_000])
        let borrowed = self.skew([(-1, 0, 100, .client, 0), (0, 0, 0, .server, 1)], untimed: [1])
        #expect(borrowed.pairs.isEmpty)
    }

    @Test("An empty trace has no clocks")
    func empty() {
        let skew = skew([])
        #expect(skew.offsets == [nil, nil])
        #expect(skew.isAsync.isEmpty)
    }

    @Test("Times at both ends of their range neither trap nor wrap")
    func extremes() {
        let skew = skew([
            (-1, 0, .max, .client, 0), (0, .max, .max, .server, 1), (0, 0, 1, .server, 1),
            (-1, .max - 1, .max, .client, 0), (3, 0, 0, .server, 1), (-1, 5, 4, .client, 0), (5, 9, 2, .server, 1),
        ])
        #expect(skew.pairs.count == 1)
        #expect(skew.pairs.allSatisfy { $0.bounds.low <= $0.bounds.high && $0.agreeing >= 1 })
    }

    @Test("Hosts that call each other in a ring, against the clock, are each tied once")
    func ring() {
        // Each is 1000 ahead of the one before it, also the first of the last: no clocks can be so.
        var nodes: [Node] = []
        for host in 0..<3 as Range<UInt32> {
            nodes.append((-1, 0, 100, .client, host))
            nodes.append((Int32(nodes.count - 1), 1_010, 1_090, .server, (host + 1) % 3))
        }
        let skew = skew(nodes, hostCount: 3)
        #expect(skew.offsets.map { $0?.mid } == [0, 1_000, -1_000])
    }

    @Test("A chain of 50,000 hosts adds up its bounds from end to end")
    func longChain() {
        var nodes: [Node] = [(-1, 0, 1 << 40, .client, 0)]
        for host in 1..<50_000 as Range<UInt32> {
            let above = nodes[nodes.count - 1]
            let parent = Int32(nodes.count - 1)
            nodes.append((parent, above.1 + 11, above.2 + 9, .server, host))
            nodes.append((parent + 1, above.1 + 11, above.2 + 9, .client, host))
        }
        let skew = skew(nodes, hostCount: 50_000)
        #expect(skew.offsets[49_999]?.bounds == ClockInterval(low: 9 * 49_999, high: 11 * 49_999))
    }

    @Test("Garbage in every column gives bounds in order and moves no consumer", arguments: [10_000])
    func garbage(traces: Int) {
        let times: [UInt64] = [0, 1, 100, 1_000, .max, .max - 1, 1 << 63, 1_700_000_000_000_000_000]
        for seed in 0..<UInt64(traces) {
            var generator = SeededGenerator(seed: seed)
            let nodes: [Node] = (0..<Int.random(in: 0...20, using: &generator)).map { index in
                (
                    Int32.random(in: -1..<Int32(max(0, index)), using: &generator),
                    times.randomElement(using: &generator)!, times.randomElement(using: &generator)!,
                    SpanKind.allCases.randomElement(using: &generator)!,
                    [0, 1, 2, 3, 4, .max].randomElement(using: &generator)!
                )
            }
            let untimed = nodes.indices.filter { _ in Int.random(in: 0..<8, using: &generator) == 0 }
            let skew = skew(nodes, untimed: untimed, hostCount: 4)
            let isSound =
                skew.pairs.allSatisfy { $0.bounds.low <= $0.bounds.high && 1...$0.pairs ~= $0.agreeing }
                && skew.offsets.allSatisfy { $0.map { $0.low <= $0.high } ?? true }
                && nodes.indices.allSatisfy {
                    nodes[$0].3 != .consumer || untimed.contains($0) || (skew.isAsync[$0] && skew.shift(of: $0) == 0)
                }
            if !isSound { Issue.record("seed \(seed)") }
        }
    }

    // MARK: Which nodes move

    @Test("A producer moves with its parent, its consumer and what is below that stay")
    func messages() {
        let skew = skew([
            (-1, 0, 100, .client, 0), (0, 1_020, 1_080, .server, 1), (1, 1_030, 1_040, .producer, 1),
            (2, 1_100, 1_200, .consumer, 1), (3, 1_110, 1_120, .internal, 1), (2, 1_032, 1_035, .internal, 1),
        ])
        #expect((0..<6).map(skew.shift) == [0, -1_000, -1_000, 0, 0, -1_000])
        #expect(skew.isAsync == [false, false, false, true, false, false])
    }

    @Test("A message to or from another host is async whatever the other span's kind")
    func messagesOfOtherKinds() {
        let skew = skew([
            (-1, 0, 100, .client, 0), (0, 1_020, 1_080, .server, 1),
            (0, 1_030, 1_040, .producer, 1), (-1, 0, 50, .producer, 0), (3, 1_010, 1_020, .server, 1),
        ])
        #expect(skew.isAsync == [false, false, true, false, true])
        #expect((0..<5).map(skew.shift) == [0, -1_000, 0, 0, 0])
    }

    @Test("Below a consumer whose own clock is right, a host that is ahead is corrected")
    func belowHonestConsumer() {
        let skew = skew([
            (-1, 0, 10, .producer, 0), (0, 100, 300, .consumer, 0), (1, 110, 210, .client, 0),
            (2, 1_120, 1_200, .server, 1),
        ])
        #expect((0..<4).map(skew.shift) == [0, 0, 0, -1_000])
    }

    @Test("Work that begins after its parent has ended stays, as does what is below it")
    func afterParent() {
        let skew = skew([
            (-1, 0, 100, .client, 0), (0, 1_020, 1_080, .server, 1), (1, 1_081, 1_200, .internal, 1),
            (2, 1_090, 1_100, .internal, 1), (1, 1_080, 1_200, .internal, 1),
        ])
        #expect((0..<5).map(skew.shift) == [0, -1_000, 0, 0, -1_000])
    }

    @Test("A clock that may be right is left alone")
    func nothingToCorrect() {
        let skew = skew([(-1, 0, 100, .client, 0), (0, 0, 60, .server, 1), (1, 10, 20, .internal, 1)])
        #expect(skew.offsets[1]?.bounds == ClockInterval(low: -40, high: 0))
        #expect((0..<3).map(skew.shift) == [0, 0, 0])
    }

    // MARK: Columns

    /// Parent, start, end, kind, host.
    typealias Node = (Int32, UInt64, UInt64, SpanKind, UInt32)

    private func skew(_ nodes: [Node], untimed: [Int] = [], hostCount: Int = 2) -> ClockSkew {
        var isUntimed = Array(repeating: false, count: nodes.count)
        for node in untimed { isUntimed[node] = true }
        return ClockSkew(
            parent: nodes.map(\.0), start: nodes.map(\.1), end: nodes.map(\.2), kind: nodes.map(\.3),
            host: nodes.map(\.4), isUntimed: isUntimed, hostCount: hostCount)
    }
}
