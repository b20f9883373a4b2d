import Testing
import TraceModel

@testable import Outlines

@Suite("Outlines, written and read")
struct OutlineTableTests {
    /// A trace as it was read.
    struct Read: Equatable {
        var hash: UInt32
        var newest: UInt64
        var extent: UInt16
        var isClosed: Bool
        var frames: [UInt32]
        var spans: [Span]
        struct Span: Equatable {
            var service: String?
            var name: String?
            var kind: UInt8?
            var status: UInt8?
            var duration: UInt16
            var parent: Int?
        }
    }

    static func read(_ bytes: [UInt8]) -> (traces: [Read], isIntact: Bool)? {
        bytes.withUnsafeBytes { bytes in
            guard let table = OutlineTable(bytes) else { return nil }
            func text(_ number: Int?) -> String? {
                number.map { String(decoding: table.text($0), as: UTF8.self) }
            }
            var traces: [Read] = []
            var trace = table.cursor
            while trace.next() {
                var read = Read(
                    hash: trace.hash, newest: trace.newest, extent: trace.extent, isClosed: trace.isClosed,
                    frames: [trace.frame] + trace.otherFrames, spans: [])
                for index in 0..<trace.count {
                    let number = trace.shape(index)
                    let shape = number < table.shapes.count ? table.shapes[number] : .unknown
                    read.spans.append(
                        Read.Span(
                            service: text(shape.service), name: text(shape.name), kind: shape.kind,
                            status: shape.status, duration: trace.duration(index),
                            parent: trace.isClosed ? trace.parent(index) : nil))
                }
                traces.append(read)
            }
            return (traces, trace.isIntact)
        }
    }

    static let texts = ["", "other", "gateway", "GET /", "pay"]

    static func row(
        _ service: UInt32 = 2, _ name: UInt32? = 3, kind: UInt8 = 2, status: UInt8 = 0, frame: UInt32 = 0,
        duration: UInt64 = 5, parent: Int32 = OutlineWriter.noParent
    ) -> OutlineWriter.Row {
        OutlineWriter.Row(
            shape: OutlineShapeKey(service: service, name: name, kind: kind, status: status), frame: frame,
            duration: duration, parent: parent)
    }

    static func finish(_ writer: consuming OutlineWriter) -> [UInt8] {
        writer.finish { $0 == 1 ? nil : Array(texts[Int($0)].utf8)[...] }
    }

    @Test("Services, exact names, kinds, status, times and frames are read as they were written")
    func readsWhatWasWritten() throws {
        var writer = OutlineWriter(moment: 1_000)
        let first = [
            Self.row(frame: 9, duration: 1_000), Self.row(4, nil, kind: 3, status: 2, frame: 7, duration: 0, parent: 0),
        ]
        first.withUnsafeBufferPointer { writer.append(11, $0, isWhole: true, newest: 400, extent: 7) }
        let second = [Self.row(1, 0, kind: 0, status: 1, frame: 2)]
        second.withUnsafeBufferPointer { writer.append(12, $0, isWhole: false, newest: 1_001, extent: nil) }
        let read = try #require(Self.read(Self.finish(writer)))
        #expect(read.isIntact)
        #expect(
            read.traces == [
                Read(
                    hash: 11, newest: 400, extent: 7, isClosed: true, frames: [7, 9],
                    spans: [
                        Read.Span(service: "gateway", name: "GET /", kind: 2, status: 0, duration: 1_000, parent: nil),
                        Read.Span(service: "pay", name: nil, kind: 3, status: 2, duration: 0, parent: 0),
                    ]),
                Read(
                    hash: 12, newest: .max, extent: DurationCode.unknown, isClosed: false, frames: [2],
                    spans: [Read.Span(service: nil, name: "", kind: 0, status: 1, duration: 5, parent: nil)]),
            ])
    }

    @Test("Parents stand before their children, in traces of any size", arguments: [2, 255, 256, 65_535])
    func putsParentsFirst(count: Int) throws {
        var generator = SystemRandomNumberGenerator()
        // Of each span the duration is its number, so that it is known again.
        let numbers = Array(0..<count).shuffled(using: &generator)
        var places = [Int](repeating: 0, count: count)
        for (place, number) in numbers.enumerated() { places[number] = place }
        let parents = (0..<count).map { $0 == 0 ? nil : Int.random(in: 0..<$0, using: &generator) }
        let rows = numbers.map { number in
            Self.row(
                duration: UInt64(number % 1_024),
                parent: parents[number].map { Int32(places[$0]) } ?? OutlineWriter.noParent)
        }
        var writer = OutlineWriter(moment: 1_000)
        rows.withUnsafeBufferPointer { writer.append(1, $0, isWhole: true, newest: 900, extent: 7) }
        let trace = try #require(Self.read(Self.finish(writer))?.traces.first)
        #expect(trace.isClosed)
        #expect(trace.spans.count == count)
        var pairs: Set<[Int]> = []
        for (index, span) in trace.spans.enumerated() {
            if let parent = span.parent { #expect(parent < index) }
            pairs.insert([Int(span.duration), span.parent.map { Int(trace.spans[$0].duration) } ?? -1])
        }
        #expect(pairs == Set(parents.enumerated().map { [$0 % 1_024, $1.map { $0 % 1_024 } ?? -1] }))
    }

    @Test("A trace is told to begin no earlier than it did, and within 2^-26 of how long ago that was")
    func tellsWhen() throws {
        let moment: UInt64 = 1_790_000_000_000_000_000
        var ages: [UInt64] = [0, 1, 66_999_999, 1_500_000_000, 86_400_000_000_000 * 30, moment]
        for shift in 0..<61 as Range<UInt64> { ages += [1 << shift, (1 << shift) - 1, (1 << shift) / 3 * 4] }
        ages = ages.filter { $0 <= moment }
        var writer = OutlineWriter(moment: moment)
        for age in ages {
            [Self.row()].withUnsafeBufferPointer {
                writer.append(1, $0, isWhole: true, newest: moment - age, extent: nil)
            }
        }
        let told = try #require(Self.read(Self.finish(writer))?.traces.map(\.newest))
        for (age, newest) in zip(ages, told) {
            #expect(newest >= moment - age, "\(age)")
            #expect(newest - (moment - age) <= age >> 26, "\(age)")
        }
        #expect(told.count == ages.count)
    }

    @Test("A trace with a ring, with a span missing or with too many spans tells nothing of its tree")
    func isOpen() throws {
        var writer = OutlineWriter(moment: 1_000)
        let ring = [Self.row(parent: 1), Self.row(parent: 2), Self.row(parent: 1), Self.row()]
        ring.withUnsafeBufferPointer { writer.append(1, $0, isWhole: true, newest: 900, extent: 7) }
        [Self.row()].withUnsafeBufferPointer { writer.append(2, $0, isWhole: false, newest: 900, extent: nil) }
        let many = (0...OutlineWriter.maximumClosedSpans).map { _ in Self.row() }
        many.withUnsafeBufferPointer { writer.append(3, $0, isWhole: true, newest: 900, extent: 7) }
        [Self.row()].withUnsafeBufferPointer { writer.append(4, $0, isWhole: true, newest: 900, extent: 7) }
        let read = try #require(Self.read(Self.finish(writer)))
        #expect(read.isIntact)
        #expect(read.traces.map(\.isClosed) == [false, false, false, true])
        #expect(read.traces.map(\.spans.count) == [4, 1, 65_536, 1])
    }

    @Test("More shapes than there are numbers for are unknown ones, and traces after them are read")
    func boundsShapes() throws {
        var writer = OutlineWriter(moment: 1_000)
        for name in 0..<70_000 as Range<UInt32> {
            [Self.row(2, name)].withUnsafeBufferPointer {
                writer.append(name, $0, isWhole: true, newest: 900, extent: 7)
            }
        }
        let bytes = writer.finish { Array("\($0)".utf8)[...] }
        let read = try #require(Self.read(bytes))
        #expect(read.traces.count == 70_000)
        #expect(read.traces[65_534].spans[0].name == "65534")
        #expect(read.traces[65_535].spans[0] == Read.Span(duration: 5))
    }

    @Test("Spread traces are told of, each of them and no other")
    func tellsSpread() {
        let hashes = (0..<10_000 as Range<UInt32>).map { $0 &* 0x9E37_79B9 }
        let spread = SpreadTraces(hashes)
        #expect(hashes.allSatisfy { spread.mayContain($0) })
        let others = (10_000..<20_000 as Range<UInt32>).filter { spread.mayContain($0 &* 0x9E37_79B9) }
        #expect(others.isEmpty)
        #expect(!SpreadTraces([]).mayContain(0))
    }

    @Test("Bytes that were changed or cut are read within their bounds or refused")
    func bearsAnyBytes() throws {
        var writer = OutlineWriter(moment: 1_000)
        for number in 0..<20 as Range<UInt32> {
            let rows = (0..<3 as Range<Int32>).map { Self.row(frame: number + UInt32($0), parent: $0 - 1) }
            rows.withUnsafeBufferPointer { writer.append(number, $0, isWhole: true, newest: 900, extent: 7) }
        }
        let good = Self.finish(writer)
        var refused = 0
        for length in 0..<good.count where Self.read(Array(good[..<length])).map({ !$0.isIntact }) ?? true {
            refused += 1
        }
        // Cut between two traces it is a shorter table.
        #expect(refused >= good.count - 21)
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<20_000 {
            var bytes = good
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                bytes[Int.random(in: bytes.indices, using: &generator)] = .random(in: 0...255, using: &generator)
            }
            // Ends, and reads nothing outside: the address sanitizer's turn.
            _ = Self.read(bytes)
        }
    }
}
