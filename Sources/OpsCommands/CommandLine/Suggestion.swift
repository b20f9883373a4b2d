/// Finds the word that somebody probably meant.
package enum Suggestion {
    /// The candidate nearest to `word`, when it is near enough to be worth a question.
    package static func nearest(to word: String, among candidates: [String]) -> String? {
        if word.count >= 2, let longer = candidates.first(where: { $0.hasPrefix(word) }) { return longer }
        let allowed = max(1, min(2, word.count / 2))
        return
            candidates
            .map { (distance: distance(word, $0), word: $0) }
            .filter { $0.distance <= allowed }
            .min { rank($0, of: word) < rank($1, of: word) }?
            .word
    }

    /// Of two that are as near the one that begins alike: first letters are rarely wrong.
    private static func rank(_ candidate: (distance: Int, word: String), of word: String) -> (Int, Int, String) {
        (candidate.distance, candidate.word.first == word.first ? 0 : 1, candidate.word)
    }

    /// How many letters must be put in, left out, replaced or swapped with their neighbour to get from one to the other.
    package static func distance(_ left: String, _ right: String) -> Int {
        let a = Array(left.prefix(64).utf8)
        let b = Array(right.prefix(64).utf8)
        var before = [Int](repeating: 0, count: b.count + 1)
        var previous = Array(0...b.count)
        for i in a.indices {
            var current = [i + 1]
            for j in b.indices {
                var best = min(previous[j + 1] + 1, current[j] + 1, previous[j] + (a[i] == b[j] ? 0 : 1))
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { best = min(best, before[j - 1] + 1) }
                current.append(best)
            }
            (before, previous) = (previous, current)
        }
        return previous[b.count]
    }
}
