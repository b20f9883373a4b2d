import OTLP
import SegmentStore
import TraceAssembly
import TraceModel
import TraceSearch

/// Tells of each new trace of one store that satisfies a query, once, to all who asked: a trace is read and assembled once
/// for all of them. Lives on the tail's thread, which calls `look` in turns.
///
/// A trace is told when nothing of it came for a while; what comes later is not told again.
package final class TraceTail {
    private struct Waiting {
        var id: TraceID
        /// Of all that were taken up.
        var number: UInt64
        /// When it was first seen, and when something of it was last seen to have come.
        var seen: UInt64
        var changed: UInt64
        var frames: Int
        /// None of it is stored before this segment if it is new.
        var segment: UInt32
    }

    private struct Asker {
        var judge: TraceJudge
        /// Traces up to this number came before it and are not for it.
        var after: UInt64
    }

    /// What one look brought.
    package struct Round: Sendable {
        /// New traces that were looked at.
        package var seen: UInt64 = 0
        /// New traces that were not: there were too many.
        package var dropped: UInt64 = 0
        package var events: [Event] = []
        /// Events of each tail that were too many for one look.
        package var leftOut: [Int: UInt64] = [:]

        package init() {}

        /// Adds what an earlier look counted.
        package mutating func take(_ other: Round) {
            seen += other.seen
            dropped += other.dropped
            leftOut.merge(other.leftOut) { $0 + $1 }
        }

        /// What is left to tell where the events cannot be.
        package var withoutEvents: Round {
            var round = self
            round.events = []
            for event in events { round.leftOut[event.tail, default: 0] += 1 }
            return round
        }
    }

    package struct Event: Sendable {
        package var tail: Int
        package var bytes: [UInt8]
    }

    private let source: any TailSource
    private let limits: TailLimits
    private let clock: () -> UInt64
    private var askers: [Int: Asker] = [:]
    private var mark: ArrivalMark
    private var waiting: [Waiting] = []
    private var count: UInt64 = 0
    /// Left out since the last look.
    private var dropped: UInt64 = 0
    private var known: Set<TraceID> = []
    /// Told a little while ago: one that goes on in a new segment looks new there.
    private var earlier: Set<TraceID> = []

    /// - Parameter clock: monotonic nanoseconds.
    package init(_ source: any TailSource, limits: TailLimits = TailLimits(), clock: @escaping () -> UInt64) {
        self.source = source
        self.limits = limits
        self.clock = clock
        mark = source.arrivalMark
    }

    package var isIdle: Bool { askers.isEmpty }

    /// From now on `tail` is told what arrives.
    package func open(_ tail: Int, _ question: TailQuestion) {
        // What came before is not for it.
        notice(clock())
        askers[tail] = Asker(judge: TraceJudge(question.expression, isDrawn: true), after: count)
    }

    package func close(_ tail: Int) { askers[tail] = nil }

    package func look() -> Round {
        let began = clock()
        notice(began)
        var round = Round()
        (round.dropped, dropped) = (dropped, 0)
        tell(source.look(), began, &round)
        return round
    }

    /// Takes up what arrived.
    private func notice(_ now: UInt64) {
        let arrivals = source.arrivals(after: mark)
        let segment = mark.segment
        mark = arrivals.mark
        dropped += arrivals.missed
        for id in arrivals.traces where !known.contains(id) && !earlier.contains(id) {
            guard waiting.count < limits.maximumWaiting else {
                dropped += 1
                continue
            }
            known.insert(id)
            count += 1
            waiting.append(Waiting(id: id, number: count, seen: now, changed: now, frames: 0, segment: segment))
        }
    }

    /// Reads the traces whose time has come, the first seen first, as far as the limits go; the others' turn comes at the next
    /// look.
    private func tell(_ moment: any TailLook, _ now: UInt64, _ round: inout Round) {
        let quiet = limits.quiet.wholeNanosecondCount
        let longest = limits.longest.wholeNanosecondCount
        let deadline = now &+ limits.time.wholeNanosecondCount
        var (traces, bytes) = (0, 0)
        var left: [Waiting] = []
        var told: [Int: Int] = [:]
        for var trace in waiting {
            let frames = moment.frameCount(of: trace.id, from: trace.segment)
            if frames != trace.frames {
                if trace.frames > 0 { trace.changed = now }
                trace.frames = frames
            }
            let isDue = now &- trace.changed >= quiet || now &- trace.seen >= longest
            guard isDue, traces < limits.traces, bytes < limits.bytes, clock() < deadline || traces == 0 else {
                left.append(trace)
                continue
            }
            forget(trace.id)
            if moment.isKnown(trace.id, before: trace.segment) { continue }
            // A trace that cannot be read is no reason to hide the others; asking for it by id tells what is wrong.
            guard let (message, isPart) = try? moment.trace(trace.id, maxBytes: limits.traceBytes),
                let spans = try? decodeSpans(message.span)
            else { continue }
            traces += 1
            bytes += message.count
            round.seen += 1
            judge(assemble(spans, as: trace.id), isPart: isPart, number: trace.number, &told, &round)
        }
        waiting = left
    }

    private func judge(
        _ trace: AssembledTrace, isPart: Bool, number: UInt64, _ told: inout [Int: Int], _ round: inout Round
    ) {
        for (tail, asker) in askers.sorted(by: { $0.key < $1.key }) where number > asker.after {
            guard var found = asker.judge.found(trace) else { continue }
            found.isPart = isPart
            let bytes = TailEvent.trace(found)
            guard told[tail, default: 0] + bytes.count <= limits.eventBytes else {
                round.leftOut[tail, default: 0] += 1
                continue
            }
            told[tail, default: 0] += bytes.count
            round.events.append(Event(tail: tail, bytes: bytes))
        }
    }

    private func forget(_ id: TraceID) {
        known.remove(id)
        if earlier.count >= limits.maximumWaiting { earlier.removeAll(keepingCapacity: true) }
        earlier.insert(id)
    }
}

extension Duration {
    fileprivate var wholeNanosecondCount: UInt64 {
        UInt64(clamping: components.seconds) &* 1_000_000_000
            &+ UInt64(clamping: components.attoseconds / 1_000_000_000)
    }
}
