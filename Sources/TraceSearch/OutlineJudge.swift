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
    private let programs: OutlinePrograms
    private var answers: [ShapeAnswers] = []
    /// Numbers shapes by what their spans answer: many give the same answers.
    private let kinds: [Int32]
    /// For each of those what is asked of its spans: of the query, and of each relation.
    private let root: [OutlinePrograms.Part]
    private let relations: [[OutlinePrograms.Part]]
    /// Find spans that may satisfy the query, and those that must be related to them.
    let wanted: OutlineFilter
    let required: [OutlineFilter]
    /// Questions of which a frame has tokens.
    private let inFrame: [UInt64]

    // Of the trace that is judged, and kept for the next one.
    private var facts = OutlineFacts()
    private var judged: [Ternary] = []
    /// Counts traces, and tells in which one each service was met last.
    private var traceNumber = 0
    private var lastTrace: [Int]

    /// Nil where the plan is too deep.
    init?(_ plan: SearchPlan, _ table: OutlineTable, _ view: SegmentView, _ tokens: [[UInt64]]) {
        self.plan = plan
        shapes = table.shapes
        lastTrace = Array(repeating: 0, count: table.textCount)
        namelessService = (0..<table.textCount).first { table.text($0).isEmpty }
        let known = ShapeTokens(table, view.tokens)
        var programs = OutlinePrograms()
        var kinds: [Int32] = []
        var numbers: [ShapeAnswers: Int32] = [:]
        var root: [OutlinePrograms.Part] = []
        var relations = [[OutlinePrograms.Part]](repeating: [], count: plan.relations.count)
        for shape in table.shapes {
            let answers = known.answers(to: plan.questions, tokens, shape)
            if let number = numbers[answers] {
                kinds.append(number)
                continue
            }
            let number = Int32(truncatingIfNeeded: root.count)
            numbers[answers] = number
            kinds.append(number)
            self.answers.append(answers)
            guard let part = programs.part(for: plan.query, plan, answers) else { return nil }
            root.append(part)
            for (index, relation) in plan.relations.enumerated() {
                guard let part = programs.part(for: relation.inner, plan, answers) else { return nil }
                relations[index].append(part)
            }
        }
        (self.programs, self.kinds, self.root, self.relations) = (programs, kinds, root, relations)
        func filter(_ parts: [OutlinePrograms.Part]) -> OutlineFilter {
            OutlineFilter(kinds.map { parts[Int($0)].candidates })
        }
        wanted = filter(root)
        required = plan.requiredRelations.map { filter(relations[$0]) }
        var inFrame = [UInt64](repeating: 0, count: view.frameCount)
        for (index, question) in plan.questions.enumerated() where !question.isForFrames {
            if case .attribute = question.subject {
                view.find(tokens[index]).some.forEach { inFrame[$0] |= 1 << UInt64(index) }
            } else {
                for frame in inFrame.indices { inFrame[frame] |= 1 << UInt64(index) }
            }
        }
        self.inFrame = inFrame
        facts.tests = plan.tests.map { _ in .open }
    }

    /// Whether the trace may satisfy the query.
    mutating func mayHold(_ trace: borrowing OutlineCursor) -> Bool {
        prepare(trace)
        for index in 0..<trace.count where judge(root, trace, index) != .no { return true }
        return false
    }

    /// For each of its spans whether it satisfies the query.
    mutating func verdicts(_ trace: borrowing OutlineCursor) -> [Ternary] {
        prepare(trace)
        return (0..<trace.count).map { judge(root, trace, $0) }
    }

    private mutating func prepare(_ trace: borrowing OutlineCursor) {
        facts.questions = questions(inFrame: trace.frame)
        for frame in trace.otherFrames { facts.questions |= questions(inFrame: frame) }
        facts.hasUsualTimes = trace.extent != DurationCode.unknown
        facts.knowsTree = plan.needsTraces && trace.knowsTree
        guard facts.knowsTree else { return }
        if plan.asksTrace { judgeWhole(trace) }
        facts.related.removeAll(keepingCapacity: true)
        for relation in plan.relations.indices { judge(relation, trace) }
    }

    private func questions(inFrame frame: UInt32) -> UInt64 {
        Int(frame) < inFrame.count ? inFrame[Int(frame)] : 0
    }

    @inline(__always)
    private func judge(_ parts: [OutlinePrograms.Part], _ trace: borrowing OutlineCursor, _ index: Int) -> Ternary {
        let shape = trace.shape(index)
        guard shape < kinds.count else { return .open }
        return programs.run(parts[Int(kinds[shape])], index, duration: trace.duration(index), spans: trace.count, facts)
    }

    // MARK: Trees

    /// From what holds for each span itself, what holds for those that it is related to.
    private mutating func judge(_ relation: Int, _ trace: borrowing OutlineCursor) {
        judged.removeAll(keepingCapacity: true)
        let parts = relations[relation]
        for index in 0..<trace.count { judged.append(judge(parts, trace, index)) }
        let base = facts.related.count
        for _ in 0..<trace.count { facts.related.append(.no) }
        // Parents stand before their children.
        switch plan.relations[relation].relation {
        case .parent:
            for index in 0..<trace.count {
                if let parent = trace.parent(index) { facts.related[base + index] = judged[parent] }
            }
        case .child:
            for index in 0..<trace.count {
                if let parent = trace.parent(index) { facts.related[base + parent].formUnion(judged[index]) }
            }
        case .ancestor:
            for index in 0..<trace.count {
                guard let parent = trace.parent(index) else { continue }
                facts.related[base + index] = facts.related[base + parent].union(judged[parent])
            }
        case .descendant:
            for index in (0..<trace.count).reversed() {
                guard let parent = trace.parent(index) else { continue }
                facts.related[base + parent].formUnion(judged[index].union(facts.related[base + index]))
            }
        }
    }

    /// What is asked of the trace as a whole.
    private mutating func judgeWhole(_ trace: borrowing OutlineCursor) {
        for (number, test) in plan.tests.enumerated() {
            facts.tests[number] =
                switch test {
                case .hasError(let wanted): errors(of: trace).map { ($0 > 0) == wanted ? .yes : .no } ?? .open
                case .counts(.spanCount, let range): range.contains(UInt64(trace.count)) ? .yes : .no
                case .counts(.errorCount, let range): errors(of: trace).map { range.contains($0) ? .yes : .no } ?? .open
                case .counts(.serviceCount, let range):
                    services(of: trace).map { range.contains($0) ? .yes : .no } ?? .open
                case .counts(.duration, let range): OutlinePrograms.lasted(trace.extent, range)
                case .counts: .open
                case .root(let question):
                    root(of: trace).map { answer(question, ofShape: trace.shape($0)) } ?? .open
                }
        }
    }

    private func answer(_ question: Int, ofShape shape: Int) -> Ternary {
        shape < kinds.count ? answers[Int(kinds[shape])].answer(question) : .open
    }

    /// Nil where a span's status is not known.
    private func errors(of trace: borrowing OutlineCursor) -> UInt64? {
        var count: UInt64 = 0
        for index in 0..<trace.count {
            let shape = trace.shape(index)
            guard shape < shapes.count, let status = shapes[shape].status else { return nil }
            if status == 2 { count += 1 }
        }
        return count
    }

    /// Nil where a span's service is not known.
    private mutating func services(of trace: borrowing OutlineCursor) -> UInt64? {
        var count: UInt64 = 0
        traceNumber &+= 1
        for index in 0..<trace.count {
            let shape = trace.shape(index)
            guard shape < shapes.count, let service = shapes[shape].service else { return nil }
            if service != namelessService, lastTrace[service] != traceNumber {
                lastTrace[service] = traceNumber
                count += 1
            }
        }
        return count
    }

    /// Nil where there is not exactly one.
    private func root(of trace: borrowing OutlineCursor) -> Int? {
        var root: Int?
        for index in 0..<trace.count where trace.parent(index) == nil {
            guard root == nil else { return nil }
            root = index
        }
        return root
    }
}

// MARK: Tokens

/// The tokens that spans of a shape have.
struct ShapeTokens {
    private let services: [UInt64]
    private let names: [UInt64]
    private let token: SpanToken

    init(_ table: OutlineTable, _ token: SpanToken) {
        self.token = token
        services = (0..<table.textCount).map { token.service(utf8: table.text($0)) }
        names = (0..<table.textCount).map { token.name(utf8: table.text($0)) }
    }

    func answers(to questions: [SearchPlan.Question], _ tokens: [[UInt64]], _ shape: OutlineShape) -> ShapeAnswers {
        var answers = ShapeAnswers()
        for (index, question) in questions.enumerated() {
            let own: UInt64? =
                switch question.subject {
                case .service: shape.service.map { services[$0] }
                case .name: shape.name.map { names[$0] }
                case .kind: shape.kind.map { token.kind($0) }
                case .status: shape.status.map { token.status($0) }
                case .attribute, .duration, .other: nil
                }
            if let own, !question.isForFrames {
                answers.add(tokens[index].contains(own) ? .yes : .no, to: index)
            } else {
                answers.add(.open, to: index)
            }
        }
        return answers
    }
}
