import Testing
import TraceModel
import WireFormat

@testable import Forwarding

@Suite struct ShardingTests {
    private let collectors = CollectorSet(names: ["a:1", "b:1", "c:1"])

    /// The spans of a message, each as its trace, id and service.
    private func spans(of message: [UInt8]) throws -> [String] {
        var scanner = TelemetryScanner(collectsTraces: true)
        try scanner.scan(message.span, as: .traces)
        return scanner.runs.flatMap { run in (0..<run.spans).map { _ in "\(run.traceID)" } }
    }

    private func parts(of message: [UInt8], _ kind: SignalKind = .traces) throws -> [Sharding.Part] {
        var scanner = TelemetryScanner(collectsTraces: true)
        try scanner.scan(message.span, as: kind)
        return try Sharding.parts(
            of: message.span, kind, items: scanner.items, runs: scanner.runs, services: scanner.services,
            among: collectors)
    }

    @Test("The parts together hold each span once, and all spans of a trace are in the part of its owner")
    func wholeTraces() throws {
        var generator = SystemRandomNumberGenerator()
        let traces = (0..<40).map { _ in TraceID.random(using: &generator) }
        // Each trace comes in several places of the message.
        let order = (0..<200).map { _ in traces[Int.random(in: 0..<40)] }
        let message = Telemetry.spans(of: order)
        let parts = try parts(of: message)
        #expect(parts.map(\.collector) == [0, 1, 2])
        var found: [String] = []
        for part in parts {
            let bytes = try #require(part.bytes)
            let here = try spans(of: bytes)
            #expect(here.count == part.items)
            for trace in traces where here.contains("\(trace)") {
                #expect(collectors.owner(of: trace) == part.collector)
            }
            found += here
        }
        #expect(found.sorted() == order.map { "\($0)" }.sorted())
    }

    @Test("A message of one owner is not copied")
    func oneOwner() throws {
        let message = Telemetry.spans(of: [TraceID(high: 1, low: 2), TraceID(high: 1, low: 2)])
        let parts = try parts(of: message)
        #expect(parts.count == 1 && parts[0].bytes == nil && parts[0].items == 2)
    }

    @Test("Sidecars agree about owners whatever the order in which they name the collectors")
    func order() {
        let other = CollectorSet(names: ["c:1", "a:1", "b:1"])
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<1_000 {
            let trace = TraceID.random(using: &generator)
            #expect(collectors.names[collectors.owner(of: trace)] == other.names[other.owner(of: trace)])
        }
        for service in ["pay", "cart", ""] {
            #expect(
                collectors.names[collectors.owner(ofService: service)] == other.names[other.owner(ofService: service)])
        }
    }

    @Test("One that is away owns nothing; the others keep what they have; the last is never given up")
    func away() {
        var generator = SystemRandomNumberGenerator()
        let traces = (0..<1_000).map { _ in TraceID.random(using: &generator) }
        let before = traces.map { collectors.owner(of: $0) }
        #expect(collectors.setAway(1, true))
        for (trace, owner) in zip(traces, before) {
            let now = collectors.owner(of: trace)
            #expect(owner == 1 ? now != 1 : now == owner)
        }
        #expect(collectors.setAway(0, true))
        #expect(!collectors.setAway(2, true))
        #expect(traces.allSatisfy { collectors.owner(of: $0) == 2 })
        for index in 0..<3 { #expect(collectors.setAway(index, false)) }
        #expect(traces.map { collectors.owner(of: $0) } == before)
    }
}
