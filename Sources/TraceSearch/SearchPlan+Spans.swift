import QueryLanguage
import SpanTokens
import TraceModel

/// Whether something may hold, and whether it certainly does.
struct Likelihood {
    var some: Bool
    var all: Bool

    static let open = Likelihood(some: true, all: false)
    init(some: Bool, all: Bool) { (self.some, self.all) = (some, all) }
    init(_ known: Bool) { (some, all) = (known, known) }

    @inline(__always)
    func and(_ other: Likelihood) -> Likelihood { Likelihood(some: some && other.some, all: all && other.all) }
    @inline(__always)
    func or(_ other: Likelihood) -> Likelihood { Likelihood(some: some || other.some, all: all || other.all) }
    var opposite: Likelihood { Likelihood(some: !all, all: !some) }
}

/// What is known where the steps of a plan are judged.
protocol SearchFacts {
    func has(_ question: Int, _ subject: SearchPlan.Subject) -> Likelihood
    func started(_ range: ClosedRange<UInt64>) -> Likelihood
    func lasted(_ range: ClosedRange<UInt64>) -> Likelihood
    func isOf(_ trace: TraceID) -> Likelihood
    func related(_ relation: Int) -> Likelihood
    func ofTrace(_ test: SearchPlan.TraceTest) -> Likelihood
}

extension SearchPlan {
    /// Whether a span, or one of several, of which `facts` are known satisfies the query.
    func judge(_ facts: some SearchFacts) -> Likelihood { judge(root, facts) }

    func judge(_ step: Step, _ facts: some SearchFacts) -> Likelihood {
        switch step {
        case .constant(let some, let all): return Likelihood(some: some, all: all)
        case .question(let number):
            let question = questions[number]
            if question.isForFrames { return .open }
            let found = facts.has(number, question.subject)
            return Likelihood(some: found.some, all: found.all && question.isExact)
        case .started(let range): return facts.started(range)
        case .lasted(let range, _): return facts.lasted(range)
        case .ofTrace(let id): return facts.isOf(id)
        case .related(let number): return facts.related(number)
        case .trace(let number): return facts.ofTrace(tests[number])
        case .and(let steps):
            var result = Likelihood(true)
            for step in steps {
                result = result.and(judge(step, facts))
                if !result.some { break }
            }
            return result
        case .or(let steps):
            var result = Likelihood(false)
            for step in steps {
                result = result.or(judge(step, facts))
                if result.all { break }
            }
            return result
        case .not(let step):
            return judge(step, facts).opposite
        }
    }
}

/// One span of which the trace is not looked at.
struct LoneSpan: SearchFacts {
    let facts: SpanFacts
    let answers: (Int) -> Bool

    func has(_ question: Int, _ subject: SearchPlan.Subject) -> Likelihood { Likelihood(answers(question)) }
    func started(_ range: ClosedRange<UInt64>) -> Likelihood { Likelihood(range.contains(facts.start)) }
    func lasted(_ range: ClosedRange<UInt64>) -> Likelihood { Likelihood(range.contains(facts.duration)) }
    func isOf(_ trace: TraceID) -> Likelihood {
        Likelihood(trace.high == facts.traceHigh && trace.low == facts.traceLow)
    }
    func related(_ relation: Int) -> Likelihood { .open }
    func ofTrace(_ test: SearchPlan.TraceTest) -> Likelihood { .open }
}

/// Any span of a resource.
struct AnySpan: SearchFacts {
    let answers: (Int) -> Bool

    func has(_ question: Int, _ subject: SearchPlan.Subject) -> Likelihood {
        let found = answers(question)
        return subject == .service ? Likelihood(found) : Likelihood(some: true, all: found)
    }
    func started(_ range: ClosedRange<UInt64>) -> Likelihood { .open }
    func lasted(_ range: ClosedRange<UInt64>) -> Likelihood { .open }
    func isOf(_ trace: TraceID) -> Likelihood { .open }
    func related(_ relation: Int) -> Likelihood { .open }
    func ofTrace(_ test: SearchPlan.TraceTest) -> Likelihood { .open }
}
