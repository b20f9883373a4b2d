/// A verdict in four bytes: 0 no, 1 yes, from 2 on unknown because of the missing span of that place in the order of their ids.
struct Answer: Equatable {
    private(set) var code: UInt32

    static let no = Answer(code: 0)
    static let yes = Answer(code: 1)
    static func unknown(_ place: Int) -> Answer { Answer(code: UInt32(place) + 2) }

    private init(code: UInt32) { self.code = code }
    init(_ isTrue: Bool) { code = isTrue ? 1 : 0 }

    /// The place of the missing span.
    var missing: Int? { code >= 2 ? Int(code) - 2 : nil }

    static func && (left: Answer, right: Answer) -> Answer {
        if left.code == 0 || right.code == 0 { return .no }
        return left.code > 1 && right.code > 1
            ? Answer(code: min(left.code, right.code)) : Answer(code: max(left.code, right.code))
    }

    static func || (left: Answer, right: Answer) -> Answer {
        if left.code == 1 || right.code == 1 { return .yes }
        return left.code > 1 && right.code > 1
            ? Answer(code: min(left.code, right.code)) : Answer(code: max(left.code, right.code))
    }

    static prefix func ! (answer: Answer) -> Answer { answer.code < 2 ? Answer(code: 1 - answer.code) : answer }
}
