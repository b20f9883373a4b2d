import Outlines
import QueryLanguage
import SegmentStore
import SpanTokens
import TraceModel

/// Judges the traces of one segment by their outlines. What it excludes does not satisfy the query, and is not unknown either.
struct OutlineJudge {
    private let plan: SearchPlan
    private let shapes: [OutlineShape]
    /// The text that spans without a service's name have; nil where there is none.
    private let namelessService: Int?
    /// A bit for each question, by shape: those that a span of the shape has a token of, and those for which it is not known.
    private let has: [UInt64]
    private let isOpen: [UInt64]
    /// Questions of which a frame has tokens.
    private let inFrame: [UInt64]
    /// What is known of a span by its shape alone, of the query and what it asks of related spans.
    private let root: [Verdict]
    private let relations: [[Verdict]]

    // Of the trace that is judged, and kept for the next one.
    private var judged: [Likelihood] = []
    private var tree: Tree

    /// What is known of a trace that is known whole.
    struct Tree {
        /// For each relation, of each span.
        var related: [[Likelihood]]
        var spanCount = 0
        /// Nil where a span's status is not known, or its service.
        var errorCount: UInt64?
        var serviceCount: UInt64?
        /// Nil where there is not exactly one.
        var root: Int?
    }

    private enum Verdict: UInt8 {
        case no, open, yes

        init(_ likelihood: Likelihood) { self = !likelihood.some ? .no : likelihood.all ? .yes : .open }
    }

    init(_ plan: SearchPlan, _ table: OutlineTable, _ view: SegmentView, _ tokens: [[UInt64]]) {
        self.plan = plan
        shapes = table.shapes
        namelessService = (0..<table.textCount).first { table.text($0).isEmpty }
        let known = ShapeTokens(table, view.tokens)
        var has: [UInt64] = []
        var isOpen: [UInt64] = []
        for shape in table.shapes {
            var (hasBits, openBits): (UInt64, UInt64) = (0, 0)
            for (index, question) in plan.questions.enumerated() {
                switch known.answer(question, tokens[index], shape) {
                case .yes: hasBits |= 1 << UInt64(index)
                case .open: openBits |= 1 << UInt64(index)
                case .no: break
                }
            }
            has.append(hasBits)
            isOpen.append(openBits)
        }
        var inFrame = [UInt64](repeating: 0, count: view.frameCount)
        for (index, question) in plan.questions.enumerated() where !question.isForFrames {
            if case .attribute = question.subject {
                view.find(tokens[index]).some.forEach { inFrame[$0] |= 1 << UInt64(index) }
            } else {
                for frame in inFrame.indices { inFrame[frame] |= 1 << UInt64(index) }
            }
        }
        (self.has, self.isOpen, self.inFrame) = (has, isOpen, inFrame)
        func verdicts(_ step: SearchPlan.Step) -> [Verdict] {
            zip(has, isOpen).map { Verdict(plan.judge(step, OutlinedShape(has: $0, isOpen: $1))) }
        }
        root = verdicts(plan.root)
        relations = plan.relations.map { verdicts($0.inner) }
        tree = Tree(related: plan.relations.map { _ in [] })
    }

    /// Whether a trace may satisfy the query.
    mutating func mayHold(_ trace: borrowing OutlinedTrace, _ spread: SpreadTraces) -> Bool {
        var mayBe = false
        for index in 0..<trace.count where root[trace.shape(index)] != .no {
            mayBe = true
            break
        }
        guard mayBe else { return false }
        var questions: UInt64 = 0
        for frame in trace.frames where Int(frame) < inFrame.count { questions |= inFrame[Int(frame)] }
        let knowsTree = plan.needsTraces && trace.isClosed && !spread.mayContain(trace.hash)
        if knowsTree {
            if plan.asksTrace { count(trace) }
            for relation in plan.relations.indices { judge(relation, trace, questions) }
        }
        for index in 0..<trace.count {
            switch root[trace.shape(index)] {
            case .no: continue
            case .yes: return true
            case .open: if judge(plan.root, trace, index, questions, knowsTree: knowsTree).some { return true }
            }
        }
        return false
    }

    @inline(__always)
    private func judge(
        _ step: SearchPlan.Step, _ trace: borrowing OutlinedTrace, _ index: Int, _ questions: UInt64, knowsTree: Bool
    ) -> Likelihood {
        let shape = trace.shape(index)
        let facts = OutlinedSpan(has: has[shape], isOpen: isOpen[shape] & questions, duration: trace.duration(index))
        guard knowsTree else { return plan.judge(step, facts) }
        let trace = OutlinedInTree(
            span: facts, index: index, tree: tree,
            root: tree.root.map { root in
                let shape = trace.shape(root)
                return OutlinedShape(has: has[shape], isOpen: isOpen[shape] & questions)
            })
        return plan.judge(step, trace)
    }

    // MARK: Trees

    /// From what holds for each span itself, what holds for those that it is related to.
    private mutating func judge(_ relation: Int, _ trace: borrowing OutlinedTrace, _ questions: UInt64) {
        let step = plan.relations[relation].inner
        judged.removeAll(keepingCapacity: true)
        for index in 0..<trace.count {
            switch relations[relation][trace.shape(index)] {
            case .no: judged.append(Likelihood(false))
            case .yes: judged.append(Likelihood(true))
            case .open: judged.append(judge(step, trace, index, questions, knowsTree: true))
            }
        }
        var result = tree.related[relation]
        tree.related[relation] = []
        result.removeAll(keepingCapacity: true)
        for _ in 0..<trace.count { result.append(Likelihood(false)) }
        // Parents stand before their children.
        switch plan.relations[relation].relation {
        case .parent:
            for index in 0..<trace.count { if let parent = trace.parent(index) { result[index] = judged[parent] } }
        case .child:
            for index in 0..<trace.count { if let parent = trace.parent(index) { result[parent].add(judged[index]) } }
        case .ancestor:
            for index in 0..<trace.count {
                guard let parent = trace.parent(index) else { continue }
                result[index] = result[parent]
                result[index].add(judged[parent])
            }
        case .descendant:
            for index in (0..<trace.count).reversed() {
                guard let parent = trace.parent(index) else { continue }
                result[parent].add(judged[index])
                result[parent].add(result[index])
            }
        }
        tree.related[relation] = result
    }

    private mutating func count(_ trace: borrowing OutlinedTrace) {
        tree.spanCount = trace.count
        tree.errorCount = 0
        tree.root = nil
        var roots = 0
        var services: Set<Int>? = []
        for index in 0..<trace.count {
            if trace.parent(index) == nil {
                roots += 1
                tree.root = roots == 1 ? index : nil
            }
            let shape = shapes[trace.shape(index)]
            if shape.status == 2 { tree.errorCount? += 1 }
            if shape.status == nil { tree.errorCount = nil }
            if let service = shape.service {
                if service != namelessService { services?.insert(service) }
            } else {
                services = nil
            }
        }
        tree.serviceCount = services.map { UInt64($0.count) }
    }
}

extension Likelihood {
    /// Of one more of which any will do.
    fileprivate mutating func add(_ other: Likelihood) {
        some = some || other.some
        all = all || other.all
    }
}

// MARK: Facts

private struct OutlinedShape: SearchFacts {
    let has: UInt64
    let isOpen: UInt64

    func has(_ question: Int, _ subject: SearchPlan.Subject) -> Likelihood {
        if has >> UInt64(question) & 1 == 1 { return Likelihood(true) }
        return Likelihood(some: isOpen >> UInt64(question) & 1 == 1, all: false)
    }
    func started(_ range: ClosedRange<UInt64>) -> Likelihood { .open }
    func lasted(_ range: ClosedRange<UInt64>) -> Likelihood { .open }
    func isOf(_ trace: TraceID) -> Likelihood { .open }
    func related(_ relation: Int) -> Likelihood { .open }
    func ofTrace(_ test: SearchPlan.TraceTest) -> Likelihood { .open }
}

private struct OutlinedSpan: SearchFacts {
    let has: UInt64
    let isOpen: UInt64
    let duration: UInt16

    func has(_ question: Int, _ subject: SearchPlan.Subject) -> Likelihood {
        OutlinedShape(has: has, isOpen: isOpen).has(question, subject)
    }
    func started(_ range: ClosedRange<UInt64>) -> Likelihood { .open }
    func lasted(_ range: ClosedRange<UInt64>) -> Likelihood {
        guard let durations = DurationCode.durations(of: duration) else { return .open }
        return Likelihood(
            some: range.overlaps(durations),
            all: range.contains(durations.lowerBound) && range.contains(durations.upperBound))
    }
    func isOf(_ trace: TraceID) -> Likelihood { .open }
    func related(_ relation: Int) -> Likelihood { .open }
    func ofTrace(_ test: SearchPlan.TraceTest) -> Likelihood { .open }
}

private struct OutlinedInTree: SearchFacts {
    let span: OutlinedSpan
    let index: Int
    let tree: OutlineJudge.Tree
    let root: OutlinedShape?

    func has(_ question: Int, _ subject: SearchPlan.Subject) -> Likelihood { span.has(question, subject) }
    func started(_ range: ClosedRange<UInt64>) -> Likelihood { .open }
    func lasted(_ range: ClosedRange<UInt64>) -> Likelihood { span.lasted(range) }
    func isOf(_ trace: TraceID) -> Likelihood { .open }
    func related(_ relation: Int) -> Likelihood { tree.related[relation][index] }
    func ofTrace(_ test: SearchPlan.TraceTest) -> Likelihood {
        switch test {
        case .hasError(let wanted): return tree.errorCount.map { Likelihood(($0 > 0) == wanted) } ?? .open
        case .root(let question): return root?.has(question, .other) ?? .open
        case .counts(.spanCount, let range): return Likelihood(range.contains(UInt64(tree.spanCount)))
        case .counts(.errorCount, let range):
            return tree.errorCount.map { Likelihood(range.contains($0)) } ?? .open
        case .counts(.serviceCount, let range):
            return tree.serviceCount.map { Likelihood(range.contains($0)) } ?? .open
        case .counts: return .open
        }
    }
}

// MARK: Tokens

/// The tokens that spans of a shape have.
private struct ShapeTokens {
    private let services: [UInt64]
    private let names: [UInt64]
    private let token: SpanToken

    enum Answer { case yes, no, open }

    init(_ table: OutlineTable, _ token: SpanToken) {
        self.token = token
        services = (0..<table.textCount).map { token.service(utf8: table.text($0)) }
        names = (0..<table.textCount).map { token.name(utf8: table.text($0)) }
    }

    func answer(_ question: SearchPlan.Question, _ tokens: [UInt64], _ shape: OutlineShape) -> Answer {
        let own: UInt64? =
            switch question.subject {
            case .service: shape.service.map { services[$0] }
            case .name: shape.name.map { names[$0] }
            case .kind: shape.kind.map { token.kind($0) }
            case .status: shape.status.map { token.status($0) }
            case .attribute, .other: nil
            }
        guard let own, !question.isForFrames else { return .open }
        return tokens.contains(own) ? .yes : .no
    }
}
