/// The states that a `PatternProgram` is in at one place of a text.
struct PatternStates {
    /// Instructions that wait for a byte, for the end, or have matched; each once.
    private(set) var members: [Int] = []
    private var isMember: [Bool]
    private var visited: [Int] = []
    private var pending: [Int] = []

    init(of program: PatternProgram) {
        isMember = Array(repeating: false, count: program.instructions.count)
    }

    /// How many instructions were entered.
    var reach: Int { visited.count }

    mutating func clear() {
        for index in visited { isMember[index] = false }
        visited.removeAll(keepingCapacity: true)
        members.removeAll(keepingCapacity: true)
    }

    mutating func load(_ members: [Int]) {
        clear()
        self.members = members
    }

    /// Goes on from `start` as far as no byte is needed.
    mutating func enter(_ start: Int, of program: borrowing PatternProgram, atStart: Bool, atEnd: Bool = false) {
        pending.append(start)
        while let index = pending.popLast() {
            guard !isMember[index] else { continue }
            isMember[index] = true
            visited.append(index)
            switch program.instructions[index] {
            case .split(let one, let other):
                pending.append(other)
                pending.append(one)
            case .textStart(let next): if atStart { pending.append(next) }
            case .textEnd(let next): if atEnd { pending.append(next) } else { members.append(index) }
            case .bytes, .match: members.append(index)
            }
        }
    }

    /// Whether the text may end here. `scratch` belongs to the same program.
    func matches(
        isAtStart: Bool, of program: borrowing PatternProgram, scratch: inout PatternStates
    ) -> Bool {
        scratch.clear()
        for index in members {
            switch program.instructions[index] {
            case .match: return true
            case .textEnd: scratch.enter(index, of: program, atStart: isAtStart, atEnd: true)
            default: break
            }
        }
        return scratch.members.contains { if case .match = program.instructions[$0] { true } else { false } }
    }

    /// Where `byte` leads from here.
    func advance(by byte: UInt8, of program: borrowing PatternProgram, into next: inout PatternStates) {
        next.clear()
        for index in members {
            guard case .bytes(let set, let target) = program.instructions[index], set.contains(byte) else { continue }
            next.enter(target, of: program, atStart: false)
        }
    }
}
