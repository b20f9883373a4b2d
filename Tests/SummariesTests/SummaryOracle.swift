@testable import Summaries
import TraceModel

/// The figures of a set of spans, computed from the definition, without any of the module's sums.
struct SummaryOracle: Equatable {
    struct Key: Hashable {
        var first: String
        var second: String
        var kind: UInt8
        var minute: UInt32
    }
    struct Row: Equatable {
        var count = 0
        var errors = 0
        var sum: UInt64 = 0
        var buckets: [UInt16: Int] = [:]
        var slowest: [UInt64] = []
        var slowestFailed: [UInt64] = []
    }

    var operations: [Key: Row] = [:]
    var calls: [Key: Row] = [:]

    init(_ spans: [SampleSpan]) {
        let distinct = Set(spans)
        for copy in distinct {
            let key = Self.key(of: copy)
            var row = operations[key, default: Row()]
            let candidate = [Self.duration(copy), ~copy.trace.high, ~copy.trace.low]
            if row.slowest.lexicographicallyPrecedes(candidate) { row.slowest = candidate }
            if copy.isError, row.slowestFailed.lexicographicallyPrecedes(candidate) { row.slowestFailed = candidate }
            operations[key] = row
        }
        for copies in Dictionary(grouping: distinct, by: \.trace).values {
            let standing = Dictionary(grouping: copies, by: \.spanID).mapValues { copies in
                copies.min { left, right in
                    if left.end != right.end { return left.end > right.end }
                    if left.start != right.start { return left.start < right.start }
                    return left.contentHash < right.contentHash
                }!  // a group has an element
            }
            for span in standing.values {
                add(span, to: \.operations, Self.key(of: span))
                if let parent = standing[span.parentID], Self.isCall(parent, span) {
                    let isMessage = parent.kind == 4 || span.kind == 5
                    add(
                        span, to: \.calls,
                        Key(
                            first: parent.service, second: span.service, kind: isMessage ? 1 : 0,
                            minute: SummaryMinute.of(span.start)))
                }
                let isAnswered = standing.values.contains { $0.parentID == span.spanID && Self.isCall(span, $0) }
                if span.kind == 3 || span.kind == 4, !span.peer.isEmpty, !isAnswered {
                    let kinds: [SpanDigest.PeerKind: UInt8] = [.database: 2, .queue: 3, .host: 4, .none: 4]
                    add(
                        span, to: \.calls,
                        Key(
                            first: span.service, second: span.peer, kind: kinds[span.peerKind] ?? 0,
                            minute: SummaryMinute.of(span.start)))
                }
            }
        }
    }

    private static func isCall(_ parent: SampleSpan, _ child: SampleSpan) -> Bool {
        parent.spanID != child.spanID
            && (parent.service != child.service || (parent.kind, child.kind) == (3, 2)
                || (parent.kind, child.kind) == (4, 5))
    }

    private static func key(of span: SampleSpan) -> Key {
        Key(
            first: span.service, second: OperationName.cluster(span.name), kind: span.kind,
            minute: SummaryMinute.of(span.start))
    }

    private static func duration(_ span: SampleSpan) -> UInt64 { span.end > span.start ? span.end - span.start : 0 }

    private mutating func add(_ span: SampleSpan, to rows: WritableKeyPath<SummaryOracle, [Key: Row]>, _ key: Key) {
        var row = self[keyPath: rows][key, default: Row()]
        row.count += 1
        row.errors += span.isError ? 1 : 0
        row.sum += Self.duration(span)
        row.buckets[DurationBuckets.index(of: Self.duration(span)), default: 0] += 1
        self[keyPath: rows][key] = row
    }

    /// What a summary says, in the same shape.
    init(_ summary: Summary) {
        for (key, figures) in summary.operations {
            let key = Key(
                first: summary.texts.string(key.service), second: summary.texts.string(key.operation), kind: key.kind,
                minute: key.minute)
            operations[key] = Row(figures)
        }
        for (key, figures) in summary.calls {
            let key = Key(
                first: summary.texts.string(key.from), second: summary.texts.string(key.to), kind: key.kind.rawValue,
                minute: key.minute)
            calls[key] = Row(figures)
        }
    }
}

extension SummaryOracle.Row {
    init(_ figures: Figures) {
        (count, errors, sum) = (Int(figures.count), Int(figures.errors), UInt64(figures.durationSum))
        for bucket in figures.durations.buckets { buckets[bucket.index] = Int(bucket.count) }
        if let slowest = figures.slowest { self.slowest = Self.list(slowest) }
        if let failed = figures.slowestFailed { slowestFailed = Self.list(failed) }
    }

    private static func list(_ exemplar: Exemplar) -> [UInt64] {
        [exemplar.duration, ~exemplar.trace.high, ~exemplar.trace.low]
    }
}
