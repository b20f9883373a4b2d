/// All sets of states that a `PatternProgram` can be in, worked out beforehand: one look-up a byte.
struct PatternTable {
    private static let maximumEntries = 32_768
    private static let maximumWork = 100_000

    /// Bytes that no part of the pattern tells apart are one class.
    private let classOfByte: [UInt8]
    private let classCount: Int
    /// State 0 is the one that nothing leads out of.
    private var next: [UInt16] = []
    private var isMatch: [Bool] = []

    /// Nil if there are too many sets of states: then the program itself has to run.
    init?(_ program: PatternProgram) {
        let classes = Self.classes(of: program)
        (classOfByte, classCount) = (classes.classOfByte, classes.representatives.count)
        var scratch = PatternStates(of: program)
        var reached = PatternStates(of: program)
        var states = PatternStates(of: program)
        var numbers: [[Int]: UInt16] = [:]
        reached.enter(program.start, of: program, atStart: true)
        // The second is the only one in which the text's start is here; no other may be taken for it.
        var sets: [[Int]] = [[], reached.members]
        numbers[[]] = 0
        var work = 0

        func number(_ members: [Int]) -> UInt16 {
            let key = members.sorted()
            if let known = numbers[key] { return known }
            let number = UInt16(sets.count)
            numbers[key] = number
            sets.append(members)
            return number
        }

        var index = 0
        while index < sets.count {
            guard sets.count * classCount <= Self.maximumEntries, work <= Self.maximumWork else { return nil }
            states.load(sets[index])
            isMatch.append(states.matches(isAtStart: index == 1, of: program, scratch: &scratch))
            for byte in classes.representatives {
                states.advance(by: byte, of: program, into: &reached)
                work += states.members.count + reached.reach + 1
                next.append(number(reached.members))
            }
            index += 1
        }
    }

    func matches(_ text: Span<UInt8>) -> Bool {
        var state = 1
        for index in text.indices {
            state = Int(next[state * classCount + Int(classOfByte[Int(text[index])])])
            guard state != 0 else { return false }
        }
        return isMatch[state]
    }

    private static func classes(of program: PatternProgram) -> (classOfByte: [UInt8], representatives: [UInt8]) {
        var sets: Set<ByteSet> = []
        for case .bytes(let set, _) in program.instructions { sets.insert(set) }
        var classOfByte = [Int](repeating: 0, count: 256)
        var count = 1
        for set in sets where count < 256 {
            var renamed: [Int: Int] = [:]
            var seen: Set<Int> = []
            for byte in UInt8.min...UInt8.max where !set.contains(byte) { seen.insert(classOfByte[Int(byte)]) }
            for byte in UInt8.min...UInt8.max where set.contains(byte) {
                let old = classOfByte[Int(byte)]
                guard seen.contains(old) else { continue }  // the whole class is inside
                if renamed[old] == nil {
                    renamed[old] = count
                    count += 1
                }
                classOfByte[Int(byte)] = renamed[old] ?? old
            }
        }
        var representatives = [UInt8](repeating: 0, count: count)
        for byte in UInt8.min...UInt8.max { representatives[classOfByte[Int(byte)]] = byte }
        return (classOfByte.map { UInt8($0) }, representatives)
    }
}
