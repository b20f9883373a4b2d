import Glibc
import OTLP

/// Puts candidates in order and those that go together under the likeliest of them.
struct CauseFolding {
    struct Folded {
        var head: Candidate
        var fellows: [Candidate] = []
    }

    private let ordered: [Candidate]
    private let contrast: PopulationContrast

    private static let maximumFellows = 8
    /// Correlation from which on two are taken to go together.
    private static let together = 0.75
    /// What part of a mechanism's score an attribute that goes with it must have to be named first.
    private static let promotion = 0.5
    /// Candidates that are looked at.
    private static let maximumCandidates = 400

    init(_ candidates: [Candidate], _ contrast: PopulationContrast) {
        ordered = Self.gathered(candidates).enumerated().sorted {
            ($1.element.rank, $0.offset) < ($0.element.rank, $1.offset)
        }
        .prefix(Self.maximumCandidates).map(\.element)
        self.contrast = contrast
    }

    /// One candidate for each value of an attribute, at the place where the spans themselves tell most; it gets the score of the
    /// one that has most.
    private static func gathered(_ candidates: [Candidate]) -> [Candidate] {
        struct Key: Hashable {
            var field: Int
            var value: AttributeValue
        }
        var gathered: [Candidate] = []
        var places: [Key: Int] = [:]
        var highest: [Double] = []
        for candidate in candidates {
            guard case .feature(let field, let value, _) = candidate.subject else {
                gathered.append(candidate)
                highest.append(candidate.score)
                continue
            }
            let key = Key(field: field, value: value)
            guard let place = places[key] else {
                places[key] = gathered.count
                gathered.append(candidate)
                highest.append(candidate.score)
                continue
            }
            highest[place] = max(highest[place], candidate.score)
            if isBetterPlace(candidate, than: gathered[place]) { gathered[place] = candidate }
        }
        for index in gathered.indices { gathered[index].score = highest[index] }
        return gathered
    }

    private static func isBetterPlace(_ candidate: Candidate, than other: Candidate) -> Bool {
        if max(candidate.own, other.own) >= 0.4 * max(candidate.score, other.score) {
            return candidate.own * candidate.narrowness > other.own * other.narrowness
        }
        return candidate.score * candidate.narrowness > other.score * other.narrowness
    }

    func folded(limit: Int) -> [Folded] {
        var found: [Folded] = []
        for candidate in ordered {
            if let place = found.firstIndex(where: { belongs(candidate, to: $0.head) }) {
                if explains(candidate, found[place].head) {
                    found[place].fellows.insert(found[place].head, at: 0)
                    found[place].head = promoted(candidate, over: found[place].head)
                    continue
                }
                // The same on another level says nothing new.
                if found[place].fellows.count < Self.maximumFellows, !isSame(candidate, found[place].head),
                    !found[place].fellows.contains(where: { isSame(candidate, $0) })
                {
                    found[place].fellows.append(candidate)
                }
            } else if found.count < limit {
                found.append(Folded(head: candidate))
            }
        }
        return found
    }

    /// An attribute in about all of the traces that are slow, or fail, is why they do, even where many spans of each blur it.
    private func explains(_ candidate: Candidate, _ head: Candidate) -> Bool {
        switch (candidate.subject, head.subject) {
        case (.feature, .slow), (.feature, .failing):
            candidate.role != .symptom && candidate.rank >= head.rank * Self.promotion
                && correlation(candidate, head) >= Self.together
        default: false
        }
    }

    private func promoted(_ candidate: Candidate, over head: Candidate) -> Candidate {
        var candidate = candidate
        candidate.score = max(candidate.score, head.score)
        return candidate
    }

    private func isSame(_ left: Candidate, _ right: Candidate) -> Bool {
        guard case .feature(let field, let value, _) = left.subject,
            case .feature(let other, let otherValue, _) = right.subject
        else { return false }
        return field == other && value == otherValue
    }

    private func belongs(_ candidate: Candidate, to head: Candidate) -> Bool {
        if isSame(candidate, head) { return true }
        // How an operation is slow goes with why it is.
        if let mechanism = head.mechanism, mechanism == candidate.mechanism {
            if case .feature = candidate.subject {} else { return true }
        }
        return correlation(candidate, head) >= Self.together
    }

    /// Of being in the one's traces and in the other's.
    private func correlation(_ left: Candidate, _ right: Candidate) -> Double {
        func share(_ a: Int, _ b: Int) -> Double {
            (Double(a) * contrast.weightA + Double(b) * contrast.weightB) / 2
        }
        let first = share(left.a.count, left.b.count)
        let second = share(right.a.count, right.b.count)
        let both = share(left.a.shared(with: right.a), left.b.shared(with: right.b))
        let spread = first * (1 - first) * second * (1 - second)
        return spread > 1e-12 ? (both - first * second) / spread.squareRoot() : 0
    }
}
