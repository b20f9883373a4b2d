import Compression
import Glibc
import SegmentStore
import Synchronization
import TraceModel
import WireFormat

/// Measures the store alone: CPU of its writer thread for each span, reads by trace ID, and the time to open.
///
///     store-bench DIRECTORY [million spans [records in flight]]
///     store-bench DIRECTORY open              times the opening of what is there
enum StoreBench {
    static func run() {
        guard CommandLine.arguments.count > 1 else { return print("usage: store-bench DIRECTORY [million spans]") }
        if CommandLine.arguments.last == "open" {
            do { try open(directory: CommandLine.arguments[1]) } catch { print("store-bench failed: \(error)") }
            return
        }
        let millions = CommandLine.arguments.count > 2 ? Int(CommandLine.arguments[2]) ?? 1 : 1
        let inFlight = CommandLine.arguments.count > 3 ? Int(CommandLine.arguments[3]) ?? .max : .max
        for spans in [100, 1000] {
            do {
                try measure(
                    directory: CommandLine.arguments[1] + "/\(spans)", spansPerRecord: spans,
                    total: millions * 1_000_000,
                    inFlight: inFlight)
            } catch { print("store-bench failed: \(error)") }
        }
    }

    private static func measure(directory: String, spansPerRecord: Int, total: Int, inFlight: Int) throws {
        let records = (0..<max(1, 20_000 / spansPerRecord)).map { _ in record(spansPerRecord) }
        let compression = try compressionCost(records, spansPerRecord)
        let store = try SegmentStore.open(directory: directory)
        let outstanding = Atomic<Int>(0)
        let finished = Atomic<Int>(0)
        let firstCPU = Atomic<UInt64>(0)
        let lastCPU = Atomic<UInt64>(0)
        let started = now(CLOCK_MONOTONIC)
        let count = total / spansPerRecord
        var traces: [TraceID] = []
        for number in 0..<count {
            var record = records[number % records.count]
            // Every round has traces of its own for the index, whatever the bytes say.
            let round = UInt64(number / records.count) &* 0x9E37_79B9_7F4A_7C15
            for index in record.runs.indices { record.runs[index].traceID.low ^= round }
            if number % 97 == 0 { traces.append(record.runs[0].traceID) }
            record.receivedAt = now(CLOCK_REALTIME)
            while outstanding.load(ordering: .relaxed) > 16 << 20 { usleep(200) }
            while number - finished.load(ordering: .relaxed) >= inFlight { usleep(20) }
            let bytes = record.body.count
            outstanding.add(bytes, ordering: .relaxed)
            let accepted = store.submit(record) { _ in
                outstanding.subtract(bytes, ordering: .relaxed)
                if finished.add(1, ordering: .relaxed).newValue == 1 {
                    firstCPU.store(now(CLOCK_THREAD_CPUTIME_ID), ordering: .relaxed)
                }
                lastCPU.store(now(CLOCK_THREAD_CPUTIME_ID), ordering: .relaxed)
            }
            precondition(accepted, "queue is full")
        }
        while finished.load(ordering: .acquiring) < count { usleep(200) }
        let wall = now(CLOCK_MONOTONIC) - started
        let writer = Double(lastCPU.load(ordering: .relaxed) - firstCPU.load(ordering: .relaxed)) / Double(total)
        store.waitUntilSealed()
        let statistics = store.statistics
        print(
            "\(spansPerRecord) spans/record: \(total * 1_000 / Int(wall / 1_000_000)) spans/s wall,",
            "writer \(writer) ns/span, of it zstd about \(compression) ns,",
            "\(statistics.bytesOnDisk / total) B/span, \(statistics.commits) commits, \(statistics.frames) frames,",
            "\(statistics.syncs) syncs of \(statistics.syncNanoseconds / max(1, statistics.syncs) / 1000) us,",
            "\(statistics.segments) segments")

        let hits = try latencies(traces) { _ = try store.trace($0) }
        let misses = try latencies((0..<10_000).map { _ in TraceID.random() }) { _ = try store.trace($0) }
        print("trace by id: hit \(hits), miss \(misses)")
        store.close()

        try open(directory: directory)
    }

    private static func open(directory: String) throws {
        let started = now(CLOCK_MONOTONIC)
        let store = try SegmentStore.open(directory: directory) { print("  \($0)") }
        print("open: \((now(CLOCK_MONOTONIC) - started) / 1000) us")
        store.close()
    }

    private static func record(_ spans: Int) -> IngestRecord {
        record(of: SampleRequest.traces(spans: spans))
    }

    private static func record(of body: [UInt8]) -> IngestRecord {
        var scanner = TelemetryScanner(collectsTraces: true)
        do { try scanner.scan(body.span, as: .traces) } catch { preconditionFailure("sample is malformed: \(error)") }
        return IngestRecord(
            kind: .traces, receivedAt: 1, body: body, runs: scanner.runs, services: scanner.services,
            items: scanner.items)
    }

    private static func compressionCost(_ records: [IngestRecord], _ spans: Int) throws -> Double {
        var compressor = ZstdCompressor(level: 1)
        var raw: [UInt8] = []
        var output: [UInt8] = []
        var spent: UInt64 = 0
        for round in 0..<3 {
            for record in records {
                if !raw.isEmpty, raw.count + record.body.count > 256 << 10 {
                    output.removeAll(keepingCapacity: true)
                    let before = now(CLOCK_THREAD_CPUTIME_ID)
                    try compressor.compress(raw.span, into: &output)
                    if round > 0 { spent += now(CLOCK_THREAD_CPUTIME_ID) - before }
                    raw.removeAll(keepingCapacity: true)
                }
                raw += record.body
            }
        }
        return Double(spent) / Double(2 * records.count * spans)
    }

    private static func latencies(_ ids: [TraceID], _ body: (TraceID) throws -> Void) throws -> String {
        var times: [UInt64] = []
        for id in ids {
            let before = now(CLOCK_MONOTONIC)
            try body(id)
            times.append(now(CLOCK_MONOTONIC) - before)
        }
        times.sort()
        return "p50 \(times[times.count / 2] / 1000) us, p99 \(times[times.count * 99 / 100] / 1000) us"
    }
}

func now(_ clock: clockid_t) -> UInt64 {
    var time = timespec()
    clock_gettime(clock, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}
