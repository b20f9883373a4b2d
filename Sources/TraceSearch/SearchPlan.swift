import SegmentStore
import SpanTokens
import TraceModel

/// What an index can tell about a query, as a tree whose leaves are questions for tokens and times.
///
/// Of a set of spans two things are asked: whether some may satisfy the query, and whether all certainly do. The second makes
/// negations useful: where all spans have what is negated, none is found.
struct SearchPlan: Sendable {
    indirect enum Step: Sendable {
        /// All spans may satisfy it, or certainly do, or certainly do not.
        case constant(some: Bool, all: Bool)
        /// The span has one of the tokens of the question.
        case question(Int)
        /// The span began between the two, both included.
        case started(ClosedRange<UInt64>)
        /// The span lasted between the two, both included.
        case lasted(ClosedRange<UInt64>)
        case ofTrace(TraceID)
        case and([Step])
        case or([Step])
        case not(Step)
    }

    struct Question: Sendable {
        /// Depends on the segment: each has its own tokens.
        var tokens: @Sendable (SpanToken) -> [UInt64]
        /// Whether a span that has such a token certainly satisfies the condition. One that has none certainly does not.
        var isExact: Bool
    }

    private(set) var root = Step.constant(some: true, all: false)
    private(set) var questions: [Question] = []

    mutating func ask(isExact: Bool, _ tokens: @escaping @Sendable (SpanToken) -> [UInt64]) -> Step {
        questions.append(Question(tokens: tokens, isExact: isExact))
        return .question(questions.count - 1)
    }

    mutating func begin(with root: Step) { self.root = root }

    /// The tokens of each question in a segment.
    func tokens(in view: SegmentView) -> [[UInt64]] {
        let tokens = view.tokens
        return questions.map { $0.tokens(tokens) }
    }
}

extension SearchPlan {
    /// Frames of a segment that may hold a span that satisfies the query.
    func frames(of view: SegmentView, tokens: [[UInt64]]) -> FrameSet {
        select(root, view, tokens).some
    }

    private func select(_ step: Step, _ view: SegmentView, _ tokens: [[UInt64]]) -> (some: FrameSet, all: FrameSet) {
        let count = view.frameCount
        switch step {
        case .constant(let some, let all): return (FrameSet(count: count, full: some), FrameSet(count: count, full: all))
        case .question(let number):
            var found = view.find(tokens[number])
            if !questions[number].isExact { found.all = FrameSet(count: count) }
            return found
        case .started(let range):
            var (some, all) = (FrameSet(count: count), FrameSet(count: count))
            for frame in 0..<count {
                guard let times = view.times(frame) else {
                    some.insert(frame)
                    continue
                }
                guard times.spans > 0, times.minStart <= range.upperBound, times.maxStart >= range.lowerBound else {
                    continue
                }
                some.insert(frame)
                if range.contains(times.minStart), range.contains(times.maxStart) { all.insert(frame) }
            }
            return (some, all)
        case .lasted: return (FrameSet(count: count, full: true), FrameSet(count: count))
        case .ofTrace(let id):
            var some = FrameSet(count: count)
            for frame in view.frames(of: id) { some.insert(Int(frame)) }
            return (some, FrameSet(count: count))
        case .and(let steps):
            var (some, all) = (FrameSet(count: count, full: true), FrameSet(count: count, full: true))
            for step in steps {
                let part = select(step, view, tokens)
                some.formIntersection(part.some)
                all.formIntersection(part.all)
            }
            return (some, all)
        case .or(let steps):
            var (some, all) = (FrameSet(count: count), FrameSet(count: count))
            for step in steps {
                let part = select(step, view, tokens)
                some.formUnion(part.some)
                all.formUnion(part.all)
            }
            return (some, all)
        case .not(let step):
            var (some, all) = select(step, view, tokens)
            some.invert()
            all.invert()
            return (all, some)
        }
    }

    /// Whether one span may satisfy the query. `has` tells whether it has a token of a question.
    func mayHold(_ facts: SpanFacts, _ has: (Int) -> Bool) -> Bool { judge(root, facts, has).some }

    private func judge(
        _ step: Step, _ facts: SpanFacts, _ has: (Int) -> Bool
    ) -> (some: Bool, all: Bool) {
        switch step {
        case .constant(let some, let all): return (some, all)
        case .question(let number):
            let found = has(number)
            return (found, found && questions[number].isExact)
        case .started(let range):
            let holds = range.contains(facts.start)
            return (holds, holds)
        case .lasted(let range):
            let holds = range.contains(facts.duration)
            return (holds, holds)
        case .ofTrace(let id):
            let holds = id.high == facts.traceHigh && id.low == facts.traceLow
            return (holds, holds)
        case .and(let steps):
            var result = (some: true, all: true)
            for step in steps {
                let part = judge(step, facts, has)
                result = (result.some && part.some, result.all && part.all)
                if !result.some { break }
            }
            return result
        case .or(let steps):
            var result = (some: false, all: false)
            for step in steps {
                let part = judge(step, facts, has)
                result = (result.some || part.some, result.all || part.all)
                if result.all { break }
            }
            return result
        case .not(let step):
            let inner = judge(step, facts, has)
            return (!inner.all, !inner.some)
        }
    }
}
