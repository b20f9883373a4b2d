/// A regular expression as a tree.
indirect enum PatternNode {
    case empty
    case scalar(ScalarSet)
    case sequence([PatternNode])
    case alternatives([PatternNode])
    /// Without a maximum there is no end to it.
    case repeated(PatternNode, minimum: Int, maximum: Int?)
    case textStart
    case textEnd

    /// Texts that stand in everything that matches, each as long as it can be, in the order of their places. The first one is
    /// a prefix if `isPrefix`.
    var literals: (runs: [String], isPrefix: Bool) {
        var runs: [String] = []
        var run = ""
        var isPrefix = false
        var isAtStart = true
        func end() {
            if !run.isEmpty { runs.append(run) }
            run = ""
            isAtStart = false
        }
        var pending = [self]
        while let node = pending.popLast() {
            switch node {
            case .empty, .textStart, .textEnd: break
            case .sequence(let members): pending.append(contentsOf: members.reversed())
            case .scalar(let set):
                guard let only = set.single else {
                    end()
                    continue
                }
                if isAtStart { isPrefix = true }
                run.unicodeScalars.append(only)
            case .alternatives, .repeated: end()
            }
        }
        end()
        return (runs, isPrefix)
    }

    /// The only text that matches, if the pattern is that simple.
    var exactText: String? {
        var text = ""
        var pending = [self]
        while let node = pending.popLast() {
            switch node {
            case .empty: break
            case .sequence(let members): pending.append(contentsOf: members.reversed())
            case .scalar(let set):
                guard let only = set.single else { return nil }
                text.unicodeScalars.append(only)
            default: return nil
            }
        }
        return text
    }
}
