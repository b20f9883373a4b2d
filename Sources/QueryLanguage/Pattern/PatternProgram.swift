/// A regular expression as a machine that may be in several states at once: one byte moves all of them, so a text takes time in
/// proportion to its length whatever the pattern is.
struct PatternProgram {
    static let maximumInstructions = 2048
    /// Empty repetitions cost steps without instructions.
    private static let maximumSteps = 16_384

    enum Instruction {
        case bytes(ByteSet, next: Int)
        case split(Int, Int)
        case textStart(next: Int)
        case textEnd(next: Int)
        case match
    }

    private(set) var instructions: [Instruction] = [.match]
    private(set) var start = 0
    private var steps = 0

    init(_ node: PatternNode) throws(SyntaxProblem) {
        start = try compile(node, next: 0)
    }

    /// Puts `node` before what is there already and returns where it begins.
    private mutating func compile(_ node: PatternNode, next: Int) throws(SyntaxProblem) -> Int {
        steps += 1
        guard steps <= Self.maximumSteps else { throw Self.tooLarge }
        switch node {
        case .empty: return next
        case .scalar(let set): return try compile(set, next: next)
        case .textStart: return try append(.textStart(next: next))
        case .textEnd: return try append(.textEnd(next: next))
        case .sequence(let members):
            var next = next
            for member in members.reversed() { next = try compile(member, next: next) }
            return next
        case .alternatives(let members):
            var entry: Int?
            for member in members.reversed() {
                let begin = try compile(member, next: next)
                entry = if let entry { try append(.split(begin, entry)) } else { begin }
            }
            return entry ?? next
        case .repeated(let inner, let minimum, let maximum):
            var begin = next
            var required = minimum
            if let maximum {
                for _ in minimum..<maximum { begin = try append(.split(compile(inner, next: begin), next)) }
            } else {
                let loop = try append(.split(next, next))
                let body = try compile(inner, next: loop)
                instructions[loop] = .split(body, next)
                begin = minimum == 0 ? loop : body
                required = max(0, minimum - 1)
            }
            for _ in 0..<required { begin = try compile(inner, next: begin) }
            return begin
        }
    }

    private mutating func compile(_ set: ScalarSet, next: Int) throws(SyntaxProblem) -> Int {
        struct Tail: Hashable {
            let bytes: ClosedRange<UInt8>
            let next: Int
        }
        var tails: [Tail: Int] = [:]  // what ends alike is there once
        var heads: [(bytes: ByteSet, next: Int)] = []
        for range in set.ranges {
            for row in UTF8Ranges(range).rows {
                var target = next
                for bytes in row.dropFirst().reversed() {
                    let tail = Tail(bytes: bytes, next: target)
                    if let known = tails[tail] {
                        target = known
                    } else {
                        target = try append(.bytes(ByteSet(bytes), next: target))
                        tails[tail] = target
                    }
                }
                if let index = heads.firstIndex(where: { $0.next == target }) {
                    heads[index].bytes.insert(row[0])
                } else {
                    heads.append((ByteSet(row[0]), target))
                }
            }
        }
        var entry: Int?
        for head in heads {
            let begin = try append(.bytes(head.bytes, next: head.next))
            entry = if let entry { try append(.split(begin, entry)) } else { begin }
        }
        return entry ?? next
    }

    private mutating func append(_ instruction: Instruction) throws(SyntaxProblem) -> Int {
        guard instructions.count < Self.maximumInstructions else { throw Self.tooLarge }
        instructions.append(instruction)
        return instructions.count - 1
    }

    private static var tooLarge: SyntaxProblem {
        SyntaxProblem(0, "the pattern is too large", hint: "use smaller counts in {…}")
    }
}
