/// One answer for each node.
protocol AnswerColumn {
    init(repeating answer: Answer, count: Int)
    subscript(node: Int) -> Answer { get set }
    mutating func formAnd(_ other: Self)
    mutating func formOr(_ other: Self)
    mutating func negate()
    /// Whether all answers are this one, which is `no` or `yes`.
    func isAll(_ answer: Answer) -> Bool
}

/// Answers that name what they depend on.
struct NamedAnswers: AnswerColumn {
    private var answers: [Answer]

    init(repeating answer: Answer, count: Int) { answers = Array(repeating: answer, count: count) }
    init(_ answers: [Answer]) { self.answers = answers }

    subscript(node: Int) -> Answer {
        get { answers[node] }
        set { answers[node] = newValue }
    }

    mutating func formAnd(_ other: NamedAnswers) {
        for node in answers.indices { answers[node] = answers[node] && other.answers[node] }
    }

    mutating func formOr(_ other: NamedAnswers) {
        for node in answers.indices { answers[node] = answers[node] || other.answers[node] }
    }

    mutating func negate() {
        for node in answers.indices { answers[node] = !answers[node] }
    }

    func isAll(_ answer: Answer) -> Bool { answers.allSatisfy { $0 == answer } }
}

/// Answers in two bits, which do not tell on what the unknown ones depend.
struct PackedAnswers: AnswerColumn {
    /// Those that are not `no`.
    private(set) var some: NodeSet
    /// Those that are `yes`.
    private(set) var all: NodeSet

    init(some: NodeSet, all: NodeSet) { (self.some, self.all) = (some, all) }
    init(repeating answer: Answer, count: Int) {
        some = NodeSet(count: count, full: answer != .no)
        all = NodeSet(count: count, full: answer == .yes)
    }

    subscript(node: Int) -> Answer {
        @inline(__always)
        get { all.contains(node) ? .yes : some.contains(node) ? .unknown(0) : .no }
        @inline(__always)
        set {
            if newValue == .no { some.remove(node) } else { some.insert(node) }
            if newValue == .yes { all.insert(node) } else { all.remove(node) }
        }
    }

    mutating func formAnd(_ other: PackedAnswers) {
        some.formIntersection(other.some)
        all.formIntersection(other.all)
    }

    mutating func formOr(_ other: PackedAnswers) {
        some.formUnion(other.some)
        all.formUnion(other.all)
    }

    mutating func negate() {
        (some, all) = (all, some)
        some.invert()
        all.invert()
    }

    func isAll(_ answer: Answer) -> Bool {
        answer == .yes ? all == NodeSet(count: all.count, full: true) : some.isEmpty
    }
}
