import QueryLanguage
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
        /// The span lasted between the two, both included, or so nearly that it cannot be told. Certainly it did if between the two
        /// others, unless its times are strange.
        case lasted(ClosedRange<UInt64>, certainly: ClosedRange<UInt64>?)
        case ofTrace(TraceID)
        /// Index into `relations`.
        case related(Int)
        /// Of the whole trace: index into `tests`.
        case trace(Int)
        case and([Step])
        case or([Step])
        case not(Step)
    }

    struct Question: Sendable {
        /// Depends on the segment: each has its own tokens.
        var tokens: @Sendable (SegmentView) -> [UInt64]
        /// Whether a span that has such a token certainly satisfies the condition. One that has none certainly does not.
        var isExact: Bool
        var subject: Subject
        /// Of single spans others tell the same.
        var isForFrames = false
    }

    enum Subject: Sendable, Equatable {
        /// All spans of a resource, or none.
        case service
        case attribute(String)
        case name, kind, status
        /// The same is asked of durations themselves.
        case duration
        case other
    }

    /// Whether anything is asked that outlines tell.
    var asksOutlines: Bool {
        lasts || asksTrace
            || questions.contains { question in
                switch question.subject {
                case .service, .name, .kind, .status: true
                case .attribute, .duration, .other: false
                }
            }
    }
    /// Whether a step is about the duration of a span.
    private(set) var lasts = false

    mutating func askLasted(_ range: ClosedRange<UInt64>, certainly: ClosedRange<UInt64>?) -> Step {
        lasts = true
        return .lasted(range, certainly: certainly)
    }

    /// What is asked of a trace as a whole.
    enum TraceTest: Sendable {
        case counts(TraceProperty, ClosedRange<UInt64>)
        case hasError(Bool)
        /// The root has a token of the question.
        case root(Int)
    }

    private(set) var root = Step.constant(some: true, all: false)
    /// The same without the times in which spans must have begun.
    private(set) var query = Step.constant(some: true, all: false)
    private(set) var questions: [Question] = []
    /// What is asked of spans that stand elsewhere in the trace; those within others come before them.
    private(set) var relations: [(relation: Relation, inner: Step)] = []
    /// What is asked of the trace as a whole.
    private(set) var tests: [TraceTest] = []
    var asksTrace: Bool { !tests.isEmpty }

    mutating func ask(
        _ subject: Subject = .other, isExact: Bool, _ tokens: @escaping @Sendable (SpanToken) -> [UInt64]
    ) -> Step {
        questions.append(Question(tokens: { tokens($0.tokens) }, isExact: isExact, subject: subject))
        return .question(questions.count - 1)
    }

    /// Asks of frames alone, for tokens that may depend on what else is in the segment.
    mutating func askFrames(_ tokens: @escaping @Sendable (SegmentView) -> [UInt64]) -> Step {
        questions.append(Question(tokens: tokens, isExact: false, subject: .other, isForFrames: true))
        return .question(questions.count - 1)
    }

    mutating func ask(_ relation: Relation, _ inner: Step) -> Step {
        relations.append((relation, inner))
        return .related(relations.count - 1)
    }

    /// Those without which no span satisfies the query.
    var requiredRelations: [Int] {
        func required(_ step: Step) -> [Int] {
            switch step {
            case .related(let number): [number]
            case .and(let steps): steps.flatMap(required)
            default: []
            }
        }
        return required(root)
    }

    mutating func ask(_ test: TraceTest) -> Step {
        tests.append(test)
        return .trace(tests.count - 1)
    }

    /// Whether the query looks at more than each span by itself, told from tokens or not.
    private(set) var dependsOnTrace = false
    /// Whether single spans do not tell all that can be told from tokens.
    var needsTraces: Bool { asksTrace || !relations.isEmpty }

    /// Keys of the attributes that are asked for.
    var keys: [String] {
        questions.compactMap { question in if case .attribute(let key) = question.subject { key } else { nil } }
    }

    mutating func begin(with query: Step, dependsOnTrace: Bool, started: ClosedRange<UInt64>) {
        self.query = query
        self.dependsOnTrace = dependsOnTrace
        root = started == 0 ... .max ? query : .and([query, .started(started)])
    }

    /// The tokens of each question in a segment.
    func tokens(in view: SegmentView) -> [[UInt64]] {
        questions.map { $0.tokens(view) }
    }

    /// What is asked of the segment's spans.
    func probe(_ view: SegmentView, _ tokens: [[UInt64]]) -> SpanProbe.Questions {
        let asked = zip(questions, tokens).map { $0.isForFrames ? [] : $1 }
        return SpanProbe.Questions(view.tokens, questions: asked, keys: keys)
    }
}

extension SearchPlan {
    /// Frames of a segment that may hold a span that satisfies the query.
    func frames(of view: SegmentView, tokens: [[UInt64]]) -> FrameSet {
        select(root, view, tokens).some
    }

    /// The same, and frames of which all spans certainly do.
    func likelihood(in view: SegmentView, tokens: [[UInt64]]) -> (some: FrameSet, all: FrameSet) {
        select(root, view, tokens)
    }

    private func select(_ step: Step, _ view: SegmentView, _ tokens: [[UInt64]]) -> (some: FrameSet, all: FrameSet) {
        let count = view.frameCount
        switch step {
        case .constant(let some, let all):
            return (FrameSet(count: count, full: some), FrameSet(count: count, full: all))
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
        case .lasted, .related, .trace: return (FrameSet(count: count, full: true), FrameSet(count: count))
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
}
