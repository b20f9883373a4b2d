import Glibc
import OTLP
import TraceAssembly

/// Finds and weighs what may explain the difference between two populations.
///
/// First it is asked which operations the traces of `a` spend more time in (on their critical paths), call more often, or fail in:
/// the mechanisms. Each explains a part of the difference, which is its score, by how sharply it tells the populations apart.
/// Then each value of each attribute is asked how well it explains a mechanism: which part of the time
/// it accounts for, multiplied by the share of the variation that remains explained when chance is taken away. The value that
/// fits best is neither one that has the slow spans and many others, nor one that has only some of them.
struct CauseSearch {
    let contrast: PopulationContrast
    let pairs: [PopulationContrast.Pair]
    var candidates: [Candidate] = []

    /// Nanoseconds that a trace of `a` takes longer on average.
    let extra: Double
    /// The same of the logarithm.
    let logExtra: Double
    /// How much it matters that traces of `a` are slower, and that they fail: 0 to 1.
    let slowness: Double
    let failing: Double
    /// More of `a` that fail, as a share.
    let extraFailing: Double
    /// Extra critical time of each operation, nanoseconds a trace.
    let extras: [Double]

    /// A mechanism that nothing explains is named; an attribute goes before it when it explains about so much of it.
    static let unexplained = 0.4
    /// Attributes seen beside the slow spans, and not on them, must explain more.
    static let around = 0.85
    static let elsewhere = 0.8
    static let within = 0.95
    static let incident = 0.5
    /// Mechanisms that attributes of other operations are held against.
    static let maximumMechanisms = 6

    init(_ contrast: PopulationContrast) {
        self.contrast = contrast
        pairs = contrast.pairs
        let (a, b) = (contrast.a.traces, contrast.b.traces)
        let count = a.count + b.count
        extra = Self.mean(a.map { Double($0.criticalTime) }) - Self.mean(b.map { Double($0.criticalTime) })
        let times = contrast.balanced(a.map(\.logTime), b.map(\.logTime))
        let split = Split(times.part, of: times.whole)
        logExtra = split.difference
        slowness = split.difference > 0 && extra > 0 ? split.beyondChance(count: count, candidates: 2) : 0
        let failures = contrast.balanced(a.map { $0.isFailed ? 1 : 0 }, b.map { $0.isFailed ? 1 : 0 })
        let failureSplit = Split(failures.part, of: failures.whole)
        extraFailing = failureSplit.difference
        failing = extraFailing > 0 ? failureSplit.beyondChance(count: count, candidates: 2) : 0
        extras = pairs.map { pair in
            pair.a.criticalTime * contrast.weightA - pair.b.criticalTime * contrast.weightB
        }
    }

    static func mean(_ values: [Double]) -> Double {
        values.isEmpty ? 0 : values.reduce(0, +) / Double(values.count)
    }

    /// How the two concerns weigh: the one that tells the populations apart better counts fully.
    var weightOfSlowness: Double { slowness > 0 ? slowness / max(slowness, failing) : 0 }
    var weightOfFailing: Double { failing > 0 ? failing / max(slowness, failing) : 0 }

    mutating func run() {
        let calls = addCalls()
        addSlow(except: calls)
        addFailing()
        addFeatures()
        candidates.removeAll { $0.score < 0.01 }
    }

    static func part(_ value: Double, of whole: Double) -> Double {
        whole > 0 ? min(1, max(0, value / whole)) : 0
    }

    // MARK: Mechanisms

    /// - Returns: operations of which the number of calls explains the extra time.
    mutating func addCalls() -> Set<Int> {
        var isCalls: Set<Int> = []
        for (index, pair) in pairs.enumerated() where pair.traces >= 3 {
            let perTraceA = Double(pair.a.spans) * contrast.weightA
            let perTraceB = Double(pair.b.spans) * contrast.weightB
            guard perTraceA > perTraceB * 1.2 else { continue }
            let each =
                pair.b.spans > 0
                ? pair.b.criticalTime / Double(pair.b.spans) : pair.a.criticalTime / Double(pair.a.spans)
            if (perTraceA - perTraceB) * each > 0.5 * extras[index] { isCalls.insert(index) }
        }
        // What is called more often because its caller is, belongs to the caller.
        var sums: [Int: Double] = [:]
        for index in isCalls { sums[topmost(index, among: isCalls), default: 0] += max(0, extras[index]) }
        for index in sums.keys.sorted() {
            let pair = pairs[index]
            let (logsA, logsB) = (logCounts(index, ofA: true), logCounts(index, ofA: false))
            let masses = contrast.balanced(logsA, logsB)
            let split = Split(masses.part, of: masses.whole)
            let fit = split.beyondChance(count: logsA.count + logsB.count, candidates: pairs.count)
            let explained = Self.part(sums[index] ?? 0, of: extra)
            let isExtra = isAboutPresence(pair)
            var candidate = Candidate(subject: isExtra ? .extra(index) : .repeated(index))
            candidate.score = weightOfSlowness * explained * fit * Self.unexplained * 1.2
            candidate.extra = sums[index] ?? 0
            (candidate.a, candidate.b) = (pair.a.traces, pair.b.traces)
            candidate.mechanism = index
            candidates.append(candidate)
        }
        addMissing()
        return isCalls
    }

    /// Whether traces that make the call make it about equally often.
    func isAboutPresence(_ pair: PopulationContrast.Pair) -> Bool {
        guard pair.b.traces.count > 0, pair.a.traces.count > 0 else { return true }
        let perVisitA = Double(pair.a.spans) / Double(pair.a.traces.count)
        let perVisitB = Double(pair.b.spans) / Double(pair.b.traces.count)
        return perVisitA < 1.2 * perVisitB
    }

    /// Calls that hardly any trace of `a` makes: where a failure or a slow way round took their place.
    mutating func addMissing() {
        for (index, pair) in pairs.enumerated() where pair.traces >= 3 {
            let shareA = Double(pair.a.traces.count) * contrast.weightA
            let shareB = Double(pair.b.traces.count) * contrast.weightB
            guard shareB > 0.5, shareA < 0.5 * shareB else { continue }
            // Its caller must be there, or else it is the caller that is missing.
            guard let caller = caller(of: index), Double(pairs[caller].a.traces.count) * contrast.weightA > 0.5 else {
                continue
            }
            var (present, all) = (Mass(), Mass())
            for (set, count, weight, value) in [
                (pair.a.traces, contrast.countA, contrast.weightA, 1.0),
                (pair.b.traces, contrast.countB, contrast.weightB, 0.0),
            ] {
                all.add(value, weight: count * weight)
                present.add(value, weight: Double(set.count) * weight)
            }
            let fit = Split(present, of: all).beyondChance(
                count: Int(contrast.countA + contrast.countB), candidates: pairs.count)
            var candidate = Candidate(subject: .missing(index))
            candidate.score = (shareB - shareA) * fit * Self.unexplained * 0.8
            (candidate.a, candidate.b) = (pair.a.traces, pair.b.traces)
            candidate.mechanism = index
            candidates.append(candidate)
        }
    }

    func logCounts(_ index: Int, ofA: Bool) -> [Double] {
        let facts = ofA ? pairs[index].a : pairs[index].b
        var counts = Array(repeating: 0.0, count: ofA ? contrast.a.traceCount : contrast.b.traceCount)
        for visit in facts.visits { counts[visit.trace] = log(1 + Double(visit.count)) }
        return counts
    }

    func caller(of index: Int) -> Int? {
        let callers = pairs[index].a.callers.merging(pairs[index].b.callers) { $0 + $1 }
        return callers.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key
    }

    func topmost(_ index: Int, among members: Set<Int>) -> Int {
        var top = index
        // A ring of callers ends as well.
        for _ in 0..<64 {
            guard let above = caller(of: top), above != top, members.contains(above) else { break }
            top = above
        }
        return top
    }

    mutating func addSlow(except calls: Set<Int>) {
        guard slowness > 0 else { return }
        for (index, pair) in pairs.enumerated() where extras[index] > 0 && !calls.contains(index) && pair.traces >= 3 {
            let whole = contrast.mass(pair.a.logSelf, pair.b.logSelf)
            let split = Split(pair.a.logSelf * contrast.weightA, of: whole)
            guard split.difference > 0 else { continue }
            let fit = max(
                split.beyondChance(count: pair.traces, candidates: pairs.count),
                correlation(index).beyondChance(count: pair.traces, candidates: pairs.count))
            var candidate = Candidate(subject: .slow(index))
            candidate.score = weightOfSlowness * Self.part(extras[index], of: extra) * fit * Self.unexplained
            candidate.extra = extras[index]
            candidate.factor = exp(split.difference)
            (candidate.a, candidate.b) = slowTraces(index)
            candidate.mechanism = index
            candidates.append(candidate)
        }
    }

    /// How well the operation's time tells that of its traces.
    func correlation(_ index: Int) -> Split {
        var (times, totals, products) = (Mass(), Mass(), 0.0)
        for (visits, traces, weight) in [
            (pairs[index].a.visits, contrast.a.traces, contrast.weightA),
            (pairs[index].b.visits, contrast.b.traces, contrast.weightB),
        ] {
            for visit in visits {
                let total = traces[visit.trace].logTime
                times.add(visit.logSelf, weight: weight)
                totals.add(total, weight: weight)
                products += weight * visit.logSelf * total
            }
        }
        var split = Split()
        guard times.weight > 0, times.variation > 1e-12, totals.variation > 1e-12 else { return split }
        let shared = products - times.sum * totals.sum / times.weight
        split.fit = shared > 0 ? min(1, shared * shared / (times.variation * totals.variation)) : 0
        split.difference = shared
        return split
    }

    /// Traces that spend more time in the operation than most of `b` do.
    func slowTraces(_ index: Int) -> (a: TraceSet, b: TraceSet) {
        let bound = slowBound(index)
        var sets = (a: TraceSet(), b: TraceSet())
        for visit in pairs[index].a.visits where visit.logSelf > bound { sets.a.insert(visit.trace) }
        for visit in pairs[index].b.visits where visit.logSelf > bound { sets.b.insert(visit.trace) }
        return sets
    }

    /// Midway between what is usual in the one population and in the other, as a logarithm.
    func slowBound(_ index: Int) -> Double {
        let pair = pairs[index]
        guard pair.b.logSelf.weight > 0 else { return -.infinity }
        return (pair.a.logSelf.mean + pair.b.logSelf.mean) / 2
    }

    mutating func addFailing() {
        guard failing > 0 else { return }
        for (index, pair) in pairs.enumerated() where pair.a.failure.sum > 0 {
            var sets = (a: TraceSet(), b: TraceSet())
            for visit in pair.a.visits where visit.failures > 0 { sets.a.insert(visit.trace) }
            for visit in pair.b.visits where visit.failures > 0 { sets.b.insert(visit.trace) }
            let shareA = Double(sets.a.count) * contrast.weightA
            let shareB = Double(sets.b.count) * contrast.weightB
            guard shareA > shareB, sets.a.count >= 2 else { continue }
            let fit = membership(sets.a, sets.b).beyondChance(
                count: Int(contrast.countA + contrast.countB), candidates: pairs.count)
            var candidate = Candidate(subject: .failing(index))
            candidate.score =
                weightOfFailing * Self.part(shareA - shareB, of: extraFailing) * fit * Self.unexplained
            (candidate.a, candidate.b) = sets
            candidate.mechanism = index
            candidate.isAboutFailure = true
            candidates.append(candidate)
        }
    }

    /// How well it tells `a` from `b` whether a trace is in the sets.
    func membership(_ inA: TraceSet, _ inB: TraceSet) -> Split {
        var (part, whole) = (Mass(), Mass())
        part.add(1, weight: Double(inA.count) * contrast.weightA)
        part.add(0, weight: Double(inB.count) * contrast.weightB)
        whole.add(1, weight: contrast.countA * contrast.weightA)
        whole.add(0, weight: contrast.countB * contrast.weightB)
        return Split(part, of: whole)
    }

    // MARK: Attributes

    /// What the values of one attribute explain on all operations of a level together.
    struct Gathered {
        var field: Int
        var value: AttributeValue
        var level: Candidate.Level
        var a = TraceSet()
        var b = TraceSet()
        var explained = 0.0
        var explainedFailing = 0.0
        /// Fits, weighted by the extra time of their operations.
        var fit = 0.0
        var logFactor = 0.0
        var weight = 0.0
        var failingFit = 0.0
        var failingWeight = 0.0
        var operations = 0
        /// Those that have slow spans with the value.
        var slowServices: Set<String> = []
    }

    struct LevelKey: Hashable {
        var field: Int
        var value: AttributeValue
        var level: Candidate.Level
    }

    mutating func addFeatures() {
        let mechanisms = self.mechanisms
        var gathered: [LevelKey: Gathered] = [:]
        var order: [LevelKey] = []
        var spreads: [FieldKey: FieldSpread] = [:]
        for feature in contrast.features {
            spreads[FieldKey(field: feature.field, level: .operation(feature.operation)), default: FieldSpread()]
                .add(feature.a.traces, feature.b.traces)
        }
        for feature in contrast.features {
            let own = onOwnSpans(feature)
            let pair = pairs[feature.operation]
            let spread = spreads[FieldKey(field: feature.field, level: .operation(feature.operation))]
            let bearers = Bearers(
                operation: feature.operation, a: pair.a.traces, b: pair.b.traces,
                haveOneValue: spread?.haveOneValue ?? false)
            add(feature, own, bearers, mechanisms)
            let service = pairs[feature.operation].operation.service
            for level in [Candidate.Level.service(service), .everywhere] {
                let key = LevelKey(field: feature.field, value: feature.value, level: level)
                if gathered[key] == nil {
                    gathered[key] = Gathered(field: feature.field, value: feature.value, level: level)
                    order.append(key)
                }
                gather(feature, own, into: &gathered[key]!)
            }
        }
        for key in order {
            guard let all = gathered[key] else { continue }
            spreads[FieldKey(field: key.field, level: key.level), default: FieldSpread()].add(all.a, all.b)
        }
        for key in order {
            guard let all = gathered[key], all.operations > 1,
                let spread = spreads[FieldKey(field: key.field, level: key.level)]
            else { continue }
            add(
                all, Bearers(operation: nil, a: spread.a, b: spread.b, haveOneValue: spread.haveOneValue), mechanisms)
        }
    }

    /// What a value explains on the spans that have it.
    struct OwnSpans {
        var explained = 0.0
        var fit = 0.0
        var logFactor = 0.0
        var around = 0.0
        var aroundFit = 0.0
        var failing = 0.0
        var failingFit = 0.0
    }

    func onOwnSpans(_ feature: PopulationContrast.Feature) -> OwnSpans {
        let pair = pairs[feature.operation]
        let candidates = contrast.candidates[feature.operation]
        var own = OwnSpans()
        if slowness > 0 {
            let split = Split(
                contrast.mass(feature.a.logSelf, feature.b.logSelf),
                of: contrast.mass(pair.a.logSelf, pair.b.logSelf))
            if split.difference > 0 {
                own.fit = split.beyondChance(count: pair.traces, candidates: candidates)
                own.logFactor = split.difference
                own.explained = explained(
                    feature, pair, feature.a.criticalTime, feature.b.criticalTime, { $0.criticalTime })
            }
            // What was harmless in the time of `b` may be it in the time of `a`.
            let within = Split(feature.a.logSelf, of: pair.a.logSelf)
            let withinFit = within.beyondChance(count: pair.a.traces.count, candidates: candidates) * Self.within
            if within.difference > 0, withinFit > own.fit {
                let explained = explainedWithin(feature, pair)
                if Self.part(explained, of: extra) * withinFit > Self.part(own.explained, of: extra) * own.fit {
                    (own.fit, own.explained, own.logFactor) = (withinFit, explained, within.difference)
                }
            }
            considerIncident(feature, pair, candidates, &own)
            let around = Split(
                contrast.mass(feature.a.logDuration, feature.b.logDuration),
                of: contrast.mass(pair.a.logDuration, pair.b.logDuration))
            if around.difference > 0 {
                own.aroundFit = around.beyondChance(count: pair.traces, candidates: candidates)
                own.around = explained(feature, pair, feature.a.duration, feature.b.duration, { $0.duration })
            }
        }
        if failing > 0 {
            let whole = contrast.mass(pair.a.failure, pair.b.failure)
            let part = contrast.mass(feature.a.failure, feature.b.failure)
            let split = Split(part, of: whole)
            if split.difference > 0 {
                own.failingFit = split.beyondChance(count: pair.traces, candidates: candidates)
                let usual = (whole.sum - part.sum) / max(1e-9, whole.weight - part.weight)
                own.failing =
                    (feature.a.failure.sum - feature.a.failure.weight * usual) * contrast.weightA
                    - (feature.b.failure.sum - feature.b.failure.weight * usual) * contrast.weightB
            }
        }
        return own
    }

    /// All of the slow spans may have a value that many of `b` had as well, unharmed: a version that was there before the
    /// trouble. Then only this speaks for it, that it is in more of `a` than chance would have it.
    func considerIncident(
        _ feature: PopulationContrast.Feature, _ pair: PopulationContrast.Pair, _ candidates: Int, _ own: inout OwnSpans
    ) {
        guard pair.a.logSelf.weight > 0, pair.b.logSelf.weight > 0 else { return }
        let shareA = feature.a.logSelf.weight / pair.a.logSelf.weight
        let shareB = feature.b.logSelf.weight / pair.b.logSelf.weight
        guard shareA > 0.85, shareB < 0.85 * shareA else { return }
        let (part, whole) = (feature.a.logSelf * contrast.weightA, contrast.mass(pair.a.logSelf, pair.b.logSelf))
        let split = Split(part, of: whole)
        // Traces of `a` without it must not be as slow.
        if pair.a.traces.count - feature.a.traces.count >= 3,
            Split(feature.a.logSelf, of: pair.a.logSelf).difference <= 0
        {
            return
        }
        var (having, all) = (Mass(), Mass())
        having.add(1, weight: feature.a.logSelf.weight * contrast.weightA)
        having.add(0, weight: feature.b.logSelf.weight * contrast.weightB)
        all.add(1, weight: pair.a.logSelf.weight * contrast.weightA)
        all.add(0, weight: pair.b.logSelf.weight * contrast.weightB)
        guard split.difference > 0, Split(having, of: all).beyondChance(count: pair.traces, candidates: candidates) > 0
        else { return }
        let fit =
            split.beyondChance(count: pair.traces, candidates: candidates) * (Self.incident + 0.1 * (shareA - shareB))
        let explained = explainedWithin(feature, pair)
        if Self.part(explained, of: extra) * fit > Self.part(own.explained, of: extra) * own.fit {
            (own.fit, own.explained, own.logFactor) = (fit, explained, split.difference)
        }
    }

    /// Time beyond what spans without the value take, in a trace of `a` more than in one of `b`.
    func explained(
        _ feature: PopulationContrast.Feature, _ pair: PopulationContrast.Pair, _ timeA: Double, _ timeB: Double,
        _ time: (OperationFacts) -> Double
    ) -> Double {
        let (weightA, weightB) = (contrast.weightA, contrast.weightB)
        let others =
            (Double(pair.a.spans) - feature.a.spans) * weightA + (Double(pair.b.spans) - feature.b.spans) * weightB
        let othersTime = (time(pair.a) - timeA) * weightA + (time(pair.b) - timeB) * weightB
        guard others > 1e-9 else { return 0 }
        let usual = max(0, othersTime / others)
        return (timeA - feature.a.spans * usual) * weightA - (timeB - feature.b.spans * usual) * weightB
    }

    /// Time beyond what all other spans take, of `a` or `b`, in a trace of `a`.
    func explainedWithin(_ feature: PopulationContrast.Feature, _ pair: PopulationContrast.Pair) -> Double {
        let (weightA, weightB) = (contrast.weightA, contrast.weightB)
        let others = (Double(pair.a.spans) - feature.a.spans) * weightA + Double(pair.b.spans) * weightB
        let othersTime = (pair.a.criticalTime - feature.a.criticalTime) * weightA + pair.b.criticalTime * weightB
        guard others > 1e-9 else { return 0 }
        return (feature.a.criticalTime - feature.a.spans * max(0, othersTime / others)) * weightA
    }

    func gather(_ feature: PopulationContrast.Feature, _ own: OwnSpans, into all: inout Gathered) {
        all.a.formUnion(feature.a.traces)
        all.b.formUnion(feature.b.traces)
        all.operations += 1
        all.explained += own.explained
        all.explainedFailing += own.failing
        let weight = max(0, extras[feature.operation]) + 0.01 * max(0, extra)
        all.weight += weight
        all.fit += weight * own.fit
        all.logFactor += weight * own.logFactor
        let pair = pairs[feature.operation]
        if own.fit > 0.1, own.logFactor > 0.4 { all.slowServices.insert(pair.operation.service) }
        let failures = pair.a.failure.sum * contrast.weightA + pair.b.failure.sum * contrast.weightB
        all.failingWeight += failures
        all.failingFit += failures * own.failingFit
    }

    mutating func add(
        _ feature: PopulationContrast.Feature, _ own: OwnSpans, _ bearers: Bearers, _ mechanisms: [Mechanism]
    ) {
        var candidate = Candidate(
            subject: .feature(field: feature.field, feature.value, .operation(feature.operation)),
            role: KeyRole(contrast.fields[feature.field]))
        (candidate.a, candidate.b) = (feature.a.traces, feature.b.traces)
        candidate.score = weightOfSlowness * Self.part(own.explained, of: extra) * own.fit
        candidate.own = candidate.score
        candidate.extra = own.explained
        candidate.factor = own.logFactor > 0 ? exp(own.logFactor) : 0
        candidate.mechanism = feature.operation
        let around = weightOfSlowness * Self.part(own.around, of: extra) * own.aroundFit * Self.around
        if around > candidate.score {
            candidate.score = around
            candidate.extra = min(own.around, extra)
            candidate.mechanism = nil
        }
        hold(&candidate, among: bearers, against: mechanisms)
        let failing = weightOfFailing * Self.part(own.failing, of: extraFailing) * own.failingFit
        candidate.own = max(candidate.own, failing)
        if failing > candidate.score {
            candidate.score = failing
            candidate.isAboutFailure = true
            candidate.mechanism = feature.operation
        }
        candidates.append(candidate)
    }

    mutating func add(_ all: Gathered, _ bearers: Bearers, _ mechanisms: [Mechanism]) {
        var candidate = Candidate(
            subject: .feature(field: all.field, all.value, all.level), role: KeyRole(contrast.fields[all.field]))
        (candidate.a, candidate.b) = (all.a, all.b)
        let fit = all.weight > 0 ? all.fit / all.weight : 0
        candidate.score = weightOfSlowness * Self.part(all.explained, of: extra) * fit
        candidate.own = candidate.score
        candidate.isAcrossServices = all.slowServices.count > 1
        candidate.extra = all.explained
        candidate.factor = all.weight > 0 ? exp(all.logFactor / all.weight) : 0
        hold(&candidate, among: bearers, against: mechanisms)
        let failingFit = all.failingWeight > 0 ? all.failingFit / all.failingWeight : 0
        let failing = weightOfFailing * Self.part(all.explainedFailing, of: extraFailing) * failingFit
        candidate.own = max(candidate.own, failing)
        if failing > candidate.score {
            candidate.score = failing
            candidate.isAboutFailure = true
        }
        candidates.append(candidate)
    }
}
