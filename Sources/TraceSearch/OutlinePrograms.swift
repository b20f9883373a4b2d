import Outlines

/// What is known of a trace while its spans are judged.
struct OutlineFacts {
    /// Questions of which one of the trace's frames has tokens.
    var questions: UInt64 = 0
    /// Whether what durations tell is what the query sees.
    var hasUsualTimes = false
    /// Whether what follows is known.
    var knowsTree = false
    /// For each relation, of each span.
    var related: [Ternary] = []
    /// For each test of the plan.
    var tests: [Ternary] = []
}

/// What spans of a shape answer to the questions of a plan: a bit for each.
struct ShapeAnswers: Hashable {
    private var has: UInt64 = 0
    private var isOpen: UInt64 = 0

    mutating func add(_ answer: Ternary, to question: Int) {
        switch answer {
        case .yes: has |= 1 << UInt64(question)
        case .open: isOpen |= 1 << UInt64(question)
        case .no: break
        }
    }

    func answer(_ question: Int) -> Ternary {
        has >> UInt64(question) & 1 == 1 ? .yes : isOpen >> UInt64(question) & 1 == 1 ? .open : .no
    }
}

/// What is left to ask of a span once its shape is known, as instructions: mostly one or two, for spans by the million. Made once
/// for all shapes that give the same answers.
struct OutlinePrograms {
    /// What is left to ask of the spans of a shape.
    struct Part {
        /// Of other durations the answer is "no".
        fileprivate var durations: ClosedRange<UInt16> = 0 ... .max
        /// Of these it is "yes", where times are usual.
        fileprivate var certainDurations: ClosedRange<UInt16>?
        /// Of the others.
        fileprivate var answer = Ternary.open
        /// Instructions that tell more, if there are any.
        fileprivate var start: Int32 = 0
        fileprivate var count: Int32 = 0

        /// Durations of spans of which the answer may not be "no".
        var candidates: ClosedRange<UInt16>? { answer == .no ? nil : durations }
    }

    /// They work on a stack.
    private enum Instruction {
        case push(Ternary)
        /// Perhaps, where a frame of the trace has the question's tokens.
        case question(Int)
        /// Codes of durations: of those that may lie within, and of those that certainly do.
        case lasted(some: ClosedRange<UInt16>, all: ClosedRange<UInt16>?)
        case related(Int)
        case test(Int)
        case and, or, not
    }

    private var instructions: [Instruction] = []

    /// A plan that would need a larger stack has no program.
    private static let maximumDepth = 31

    /// The instructions for a step of the plan and spans of a shape that give these answers; nil where the plan is too deep.
    mutating func part(
        for step: SearchPlan.Step, _ plan: SearchPlan, _ answers: ShapeAnswers
    ) -> Part? {
        let rest = Self.simplified(step, plan, answers)
        var part = Part(start: Int32(instructions.count))
        switch rest {
        case .constant(let likelihood): part.answer = Ternary(likelihood)
        case .lasted(let range, let certain):
            (part.durations, part.certainDurations) = (Self.codes(range), Self.certainCodes(certain))
        default:
            guard append(rest, depth: 1) else { return nil }
            if case .and(let steps) = rest { part.durations = Self.commonCodes(steps) }
        }
        part.count = Int32(instructions.count) - part.start
        return part
    }

    // MARK: Making

    /// What is left of a step.
    private indirect enum Rest {
        case constant(Likelihood)
        case question(Int)
        case lasted(ClosedRange<UInt64>, certainly: ClosedRange<UInt64>?)
        case related(Int)
        case test(Int)
        case and([Rest])
        case or([Rest])
        case not(Rest)
    }

    private static func simplified(
        _ step: SearchPlan.Step, _ plan: SearchPlan, _ answers: ShapeAnswers
    ) -> Rest {
        switch step {
        case .constant(let some, let all): return .constant(Likelihood(some: some, all: all))
        case .question(let number):
            let question = plan.questions[number]
            if question.isForFrames { return .constant(.open) }
            // Asked together with `lasted`, which tells all of it.
            if question.subject == .duration { return .constant(Likelihood(true)) }
            switch answers.answer(number) {
            case .yes: return .constant(Likelihood(some: true, all: question.isExact))
            case .no: return .constant(Likelihood(false))
            case .open: return .question(number)
            }
        case .started, .ofTrace: return .constant(.open)
        case .lasted(let range, let certain): return .lasted(range, certainly: certain)
        case .related(let number): return .related(number)
        case .trace(let number): return .test(number)
        case .and(let steps):
            var known = Likelihood(true)
            var rest: [Rest] = []
            for step in steps {
                switch simplified(step, plan, answers) {
                case .constant(let part): known = known.and(part)
                case let part: rest.append(part)
                }
            }
            if rest.isEmpty || !known.some { return .constant(known) }
            if known.all { return rest.count == 1 ? rest[0] : .and(rest) }
            if rest.count == 1, case .lasted(let range, _) = rest[0] { return .lasted(range, certainly: nil) }
            return .and([.constant(known)] + rest)
        case .or(let steps):
            var known = Likelihood(false)
            var rest: [Rest] = []
            for step in steps {
                switch simplified(step, plan, answers) {
                case .constant(let part): known = known.or(part)
                case let part: rest.append(part)
                }
            }
            if rest.isEmpty || known.all { return .constant(known) }
            if known.some { rest.insert(.constant(known), at: 0) }
            return rest.count == 1 ? rest[0] : .or(rest)
        case .not(let inner):
            switch simplified(inner, plan, answers) {
            case .constant(let part): return .constant(part.opposite)
            case let part: return .not(part)
            }
        }
    }

    private mutating func append(_ rest: Rest, depth: Int) -> Bool {
        guard depth <= Self.maximumDepth else { return false }
        switch rest {
        case .constant(let likelihood): instructions.append(.push(Ternary(likelihood)))
        case .question(let number): instructions.append(.question(number))
        case .lasted(let range, let certain):
            instructions.append(.lasted(some: Self.codes(range), all: Self.certainCodes(certain)))
        case .related(let number): instructions.append(.related(number))
        case .test(let number): instructions.append(.test(number))
        case .and(let parts): return append(parts, .and, depth)
        case .or(let parts): return append(parts, .or, depth)
        case .not(let inner):
            guard append(inner, depth: depth) else { return false }
            instructions.append(.not)
        }
        return true
    }

    /// Those of all durations within.
    private static func codes(_ range: ClosedRange<UInt64>) -> ClosedRange<UInt16> {
        DurationCode.of(range.lowerBound)...DurationCode.of(range.upperBound)
    }

    /// Those of which all durations are within: of the outermost some may lie outside.
    private static func certainCodes(_ range: ClosedRange<UInt64>?) -> ClosedRange<UInt16>? {
        guard let codes = range.map(codes), codes.upperBound - codes.lowerBound > 1 else { return nil }
        return codes.lowerBound + 1...codes.upperBound - 1
    }

    /// Those that all parts about durations admit.
    private static func commonCodes(_ parts: [Rest]) -> ClosedRange<UInt16> {
        var common: ClosedRange<UInt16> = 0 ... .max
        for case .lasted(let range, _) in parts {
            let codes = codes(range)
            // What none has, the instructions tell.
            if common.overlaps(codes) { common = common.clamped(to: codes) }
        }
        return common
    }

    /// Whether what has the code lasts as long.
    static func lasted(_ code: UInt16, _ range: ClosedRange<UInt64>) -> Ternary {
        guard let durations = DurationCode.durations(of: code) else { return .open }
        if !range.overlaps(durations) { return .no }
        return range.lowerBound <= durations.lowerBound && range.upperBound >= durations.upperBound ? .yes : .open
    }

    private mutating func append(_ parts: [Rest], _ instruction: Instruction, _ depth: Int) -> Bool {
        for (index, part) in parts.enumerated() {
            // What stands before is one on the stack.
            guard append(part, depth: index == 0 ? depth : depth + 1) else { return false }
            if index > 0 { instructions.append(instruction) }
        }
        return true
    }

    // MARK: Running

    /// - Parameters:
    ///   - index: of the span in its trace.
    ///   - spans: of the trace.
    @inline(__always)
    func run(_ part: Part, _ index: Int, duration: UInt16, spans: Int, _ facts: borrowing OutlineFacts) -> Ternary {
        guard part.durations.contains(duration) else { return .no }
        if part.count > 0 { return execute(part, index, duration: duration, spans: spans, facts) }
        if let certain = part.certainDurations, facts.hasUsualTimes, certain.contains(duration) { return .yes }
        return part.answer
    }

    private func execute(
        _ part: Part, _ index: Int, duration: UInt16, spans: Int, _ facts: borrowing OutlineFacts
    ) -> Ternary {
        // Two bits each, the top in the lowest.
        var stack: UInt64 = 0
        for place in Int(part.start)..<Int(part.start + part.count) {
            let value: Ternary
            switch instructions[place] {
            case .push(let constant): value = constant
            case .question(let number): value = facts.questions >> UInt64(number) & 1 == 1 ? .open : .no
            case .lasted(let some, let all):
                value =
                    !some.contains(duration)
                    ? .no : facts.hasUsualTimes && all.map { $0.contains(duration) } ?? false ? .yes : .open
            case .related(let number): value = facts.knowsTree ? facts.related[number * spans + index] : .open
            case .test(let number): value = facts.knowsTree ? facts.tests[number] : .open
            case .and:
                stack = (stack >> 4) << 2 | min(stack & 3, stack >> 2 & 3)
                continue
            case .or:
                stack = (stack >> 4) << 2 | max(stack & 3, stack >> 2 & 3)
                continue
            case .not:
                stack = stack & ~3 | 2 - (stack & 3)
                continue
            }
            stack = stack << 2 | UInt64(value.rawValue)
        }
        return Ternary(rawValue: UInt8(truncatingIfNeeded: stack & 3)) ?? .open
    }
}
