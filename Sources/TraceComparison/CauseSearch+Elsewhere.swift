import Glibc
import OTLP
import TraceAssembly

/// Attributes of one span against what is slow on another.
extension CauseSearch {
    /// A measure of each trace that a mechanism tells by.
    struct Mechanism {
        var operation: Int?
        /// The part of the difference that it explains.
        var part: Double
        var extra: Double
        var isFailure = false
        /// Nil for a trace that does not count.
        var a: [Double?]
        var b: [Double?]
        var whole: Mass
        var difference: Double
        /// Of the traces of `a` that count.
        var weightA: Double
    }

    var mechanisms: [Mechanism] {
        var found: [Mechanism] = []
        if slowness > 0 {
            found.append(
                mechanism(
                    nil, part: weightOfSlowness, extra: extra, contrast.a.traces.map(\.logTime),
                    contrast.b.traces.map(\.logTime)))
        }
        if failing > 0 {
            var whole = mechanism(
                nil, part: weightOfFailing, extra: 0, contrast.a.traces.map { $0.isFailed ? 1 : 0 },
                contrast.b.traces.map { $0.isFailed ? 1 : 0 })
            whole.isFailure = true
            found.append(whole)
        }
        for candidate in candidates.sorted(by: { $0.score > $1.score }).prefix(Self.maximumMechanisms) {
            switch candidate.subject {
            case .slow(let index):
                var a = [Double?](repeating: nil, count: contrast.a.traceCount)
                var b = [Double?](repeating: nil, count: contrast.b.traceCount)
                for visit in pairs[index].a.visits { a[visit.trace] = visit.logSelf }
                for visit in pairs[index].b.visits { b[visit.trace] = visit.logSelf }
                found.append(
                    mechanism(
                        index, part: weightOfSlowness * Self.part(candidate.extra, of: extra), extra: candidate.extra,
                        a, b))
            case .repeated(let index), .extra(let index):
                found.append(
                    mechanism(
                        index, part: weightOfSlowness * Self.part(candidate.extra, of: extra), extra: candidate.extra,
                        logCounts(index, ofA: true), logCounts(index, ofA: false)))
            default: break
            }
        }
        return found
    }

    func mechanism(_ operation: Int?, part: Double, extra: Double, _ a: [Double?], _ b: [Double?]) -> Mechanism {
        let masses = contrast.balanced(a.compactMap { $0 }, b.compactMap { $0 })
        return Mechanism(
            operation: operation, part: part, extra: extra, a: a, b: b, whole: masses.whole,
            difference: Split(masses.part, of: masses.whole).difference,
            weightA: masses.part.weight)
    }

    /// Raises the score where it tells much about a mechanism whether a trace has the value anywhere. That is asked of traces
    /// that have the spans and one value only: else it would tell of how many spans there are.
    func hold(_ candidate: inout Candidate, among bearers: Bearers, against mechanisms: [Mechanism]) {
        guard candidate.a.count >= 2, bearers.haveOneValue else { return }
        for mechanism in mechanisms where mechanism.difference > 0 {
            var (partA, partB, wholeA, wholeB) = (Mass(), Mass(), Mass(), Mass())
            for trace in bearers.a.members {
                guard let value = mechanism.a[trace] else { continue }
                wholeA.add(value, weight: contrast.weightA)
                if candidate.a.contains(trace) { partA.add(value, weight: contrast.weightA) }
            }
            for trace in bearers.b.members {
                guard let value = mechanism.b[trace] else { continue }
                wholeB.add(value, weight: contrast.weightB)
                if candidate.b.contains(trace) { partB.add(value, weight: contrast.weightB) }
            }
            let isOwn = mechanism.operation != nil && mechanism.operation == bearers.operation
            let countA = Int((wholeA.weight / contrast.weightA).rounded())
            let count = countA + Int((wholeB.weight / contrast.weightB).rounded())
            let pooled = Split(partA + partB, of: wholeA + wholeB)
            let shift = partA.weight / max(1e-9, wholeA.weight) - partB.weight / max(1e-9, wholeB.weight)
            // Both negative would be the value that the slow ones lack: another one says the same better.
            var explained = pooled.difference > 0 ? Self.part(pooled.difference * shift, of: mechanism.difference) : 0
            var strength = explained * pooled.beyondChance(count: count, candidates: contrast.features.count)
            let within = Split(partA, of: wholeA)
            let usual = (wholeA + wholeB).without(partA).mean
            let explainedWithin = Self.part(
                (partA.mean - usual) * partA.weight / max(1e-9, wholeA.weight), of: mechanism.difference)
            let strengthWithin =
                explainedWithin * Self.within
                * within.beyondChance(count: countA, candidates: contrast.features.count)
            if within.difference > 0, strengthWithin > strength {
                (strength, explained) = (strengthWithin, explainedWithin)
            }
            // Of traces that do not have the spans it says nothing.
            let coverage = min(1, wholeA.weight / max(1e-9, mechanism.weightA))
            let score = mechanism.part * coverage * strength * (isOwn ? 1 : Self.elsewhere)
            if isOwn { candidate.own = max(candidate.own, score) }
            if score > candidate.score {
                candidate.score = score
                candidate.extra = mechanism.extra * explained * coverage
                if !isOwn { candidate.factor = 0 }
                candidate.mechanism = mechanism.operation
                candidate.isAboutFailure = mechanism.isFailure
            }
        }
    }

    /// The traces in which an attribute could have the value.
    struct Bearers {
        var operation: Int?
        var a: TraceSet
        var b: TraceSet
        /// Whether nearly no trace has two values of it.
        var haveOneValue: Bool
    }

    struct FieldKey: Hashable {
        var field: Int
        var level: Candidate.Level
    }

    /// For each attribute on each level, in how many traces its values stand, those with two counted twice, and in which.
    struct FieldSpread {
        var a = TraceSet()
        var b = TraceSet()
        var values = 0

        var haveOneValue: Bool { Double(values) <= 1.05 * Double(a.count + b.count) }

        mutating func add(_ a: TraceSet, _ b: TraceSet) {
            values += a.count + b.count
            self.a.formUnion(a)
            self.b.formUnion(b)
        }
    }
}
