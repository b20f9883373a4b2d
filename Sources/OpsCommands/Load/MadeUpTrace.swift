import Glibc

/// A trace as it might come from two dozen services: who calls whom, what each does, when, and what fails.
struct MadeUpTrace {
    struct Span {
        /// Smaller than the span's own number; nil for the root.
        var parent: Int?
        var service: Int
        var work: Work
        /// Which of a service's operations.
        var operation: Int
        var isError = false
        /// Parts of the trace's duration.
        var from = 0.0
        var to = 1.0
        /// For a call: the service that is called.
        var callee: Int
    }

    enum Work {
        case serve
        case call
        case database
        case cache
        case step
        case publish
        case process
    }

    private(set) var spans: [Span] = []

    static let operations = 5

    init(spans count: Int, _ random: inout LoadRandom) {
        grow(count, &random)
        layTimes(&random)
        fail(&random)
    }

    private mutating func grow(_ count: Int, _ random: inout LoadRandom) {
        let services = MadeUpSpan.services.count
        let front = random.below(3)
        spans.append(
            Span(
                service: front, work: random.below(12) == 0 ? .process : .serve,
                operation: random.below(Self.operations), callee: front))
        // Spans that may have children.
        var open = [0]
        while spans.count < count {
            let isRecent = random.below(3) > 0
            let parent = open[isRecent ? open.count - 1 - random.below(min(3, open.count)) : random.below(open.count)]
            let service = spans[parent].service
            let work: Work
            switch random.below(100) {
            case ..<38: work = .call
            case ..<66: work = .database
            case ..<78: work = .cache
            case ..<94: work = .step
            default: work = .publish
            }
            var span = Span(
                parent: parent, service: service, work: work, operation: random.below(Self.operations), callee: service)
            let number = spans.count
            if work == .call { span.callee = (service + 1 + random.below(services - 1)) % services }
            spans.append(span)
            if work == .step { open.append(number) }
            guard work == .call, spans.count < count else { continue }
            open.append(spans.count)
            spans.append(
                Span(
                    parent: number, service: span.callee, work: .serve, operation: span.operation, callee: span.callee))
        }
    }

    /// Children lie within their parent, one behind the other or, now and then, side by side.
    private mutating func layTimes(_ random: inout LoadRandom) {
        var children = [[Int]](repeating: [], count: spans.count)
        for (index, span) in spans.enumerated() {
            if let parent = span.parent { children[parent].append(index) }
        }
        for (index, mine) in children.enumerated() where !mine.isEmpty {
            let (start, length) = (spans[index].from, spans[index].to - spans[index].from)
            if mine.count > 1, random.below(4) == 0 {
                for child in mine {
                    let from = 0.02 + 0.08 * Double.random(in: 0..<1, using: &random)
                    let part = 0.2 + 0.8 * Double.random(in: 0..<1, using: &random)
                    spans[child].from = start + length * from
                    spans[child].to = start + length * (from + (0.97 - from) * part)
                }
                continue
            }
            var weights = (0..<2 * mine.count + 1).map { exp(0.9 * random.normal()) * ($0 % 2 == 1 ? 1.5 : 0.35) }
            for (place, child) in mine.enumerated() where spans[child].work == .cache { weights[2 * place + 1] /= 5 }
            let whole = weights.reduce(0, +)
            var reached = 0.0
            for (place, child) in mine.enumerated() {
                reached += weights[2 * place]
                spans[child].from = start + length * reached / whole
                reached += weights[2 * place + 1]
                spans[child].to = start + length * min(1, reached / whole)
            }
        }
    }

    /// About three of a hundred spans fail: an error begins somewhere and is mostly passed up.
    private mutating func fail(_ random: inout LoadRandom) {
        for _ in 0..<max(1, spans.count / 8) where random.below(9) == 0 {
            var next: Int? = random.below(spans.count)
            while let index = next, !spans[index].isError {
                spans[index].isError = true
                if random.below(4) == 0 { break }
                next = spans[index].parent
            }
        }
    }
}
