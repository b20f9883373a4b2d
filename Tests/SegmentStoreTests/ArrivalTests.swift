import SegmentStore
import StorageTesting
import Testing
import TraceModel

@Suite struct ArrivalTests {
    @Test("Traces come once, in the order in which their first spans were acknowledged, from the mark on")
    func order() throws {
        let directory = TemporaryDirectory()
        let store = try SegmentStore.open(directory: directory.path, options: quick())
        defer { store.close() }
        _ = store.append(Samples.traces([1]))
        let mark = store.arrivalMark
        #expect(store.arrivals(after: mark).traces == [])
        _ = store.append(Samples.traces([1, 2]))
        _ = store.append(Samples.traces([3, 2]))
        let arrivals = store.arrivals(after: mark)
        #expect(arrivals.traces == [Samples.id(2), Samples.id(3)] && arrivals.missed == 0)
        #expect(store.arrivals(after: arrivals.mark).traces == [])
        _ = store.append(Samples.traces([4]))
        #expect(store.arrivals(after: arrivals.mark).traces == [Samples.id(4)])
        #expect(store.arrivals(after: mark).traces == [Samples.id(2), Samples.id(3), Samples.id(4)])
    }

    @Test("Of more than the list holds the newest come, and how many are missed")
    func missed() throws {
        let directory = TemporaryDirectory()
        let store = try SegmentStore.open(directory: directory.path, options: quick())
        defer { store.close() }
        let mark = store.arrivalMark
        _ = store.append(Samples.traces(Array(1...1500)))
        _ = store.append(Samples.traces(Array(1501...1510)))
        let arrivals = store.arrivals(after: mark)
        #expect(arrivals.traces.count == 1024 && arrivals.missed == 486)
        #expect(arrivals.traces.first == Samples.id(487) && arrivals.traces.last == Samples.id(1510))
    }

    @Test("What is erased does not come, and what came before it is not taken for new")
    func erased() throws {
        let directory = TemporaryDirectory()
        let store = try SegmentStore.open(directory: directory.path, options: quick())
        defer { store.close() }
        for trace in 1...10 { _ = store.append(Samples.traces([UInt64(trace)])) }
        let mark = store.arrivalMark
        for trace in 11...15 { _ = store.append(Samples.traces([UInt64(trace)])) }
        _ = try store.erase(.traces([Samples.id(12), Samples.id(14), Samples.id(3)]))
        #expect(store.arrivals(after: mark).traces == [11, 13, 15].map { Samples.id($0) })
        _ = store.append(Samples.traces([16]))
        #expect(store.arrivals(after: mark).traces == [11, 13, 15, 16].map { Samples.id($0) })
    }

    @Test("What comes after a mark lies in its segment or a later one")
    func segments() throws {
        let directory = TemporaryDirectory()
        let store = try SegmentStore.open(directory: directory.path, options: quick { $0.segmentBytes = 2 << 10 })
        defer { store.close() }
        var mark = store.arrivalMark
        for trace in 1...100 {
            _ = store.append(Samples.traces([UInt64(trace)]))
            let arrivals = store.arrivals(after: mark)
            #expect(arrivals.traces == [Samples.id(UInt64(trace))])
            let holders = StoreReader(store).views.filter { !$0.frames(of: arrivals.traces[0]).isEmpty }
            #expect(holders.allSatisfy { $0.number >= mark.segment })
            mark = arrivals.mark
        }
        #expect(mark.segment > 1)
    }
}
