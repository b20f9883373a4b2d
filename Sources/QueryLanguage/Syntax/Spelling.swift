/// Finds the word that was meant.
enum Spelling {
    /// How many letters have to be changed, added, left out or swapped with their neighbour; nil if more than `limit`.
    static func distance(_ left: String, _ right: String, atMost limit: Int) -> Int? {
        let (left, right) = (Array(left.utf8), Array(right.utf8))
        guard left.count <= 64, right.count <= 64, abs(left.count - right.count) <= limit else { return nil }
        var beforeLast: [Int] = []
        var last = Array(0...right.count)
        for i in 0..<left.count {
            var row = [i + 1]
            for j in 0..<right.count {
                var best = min(last[j + 1], row[j]) + 1
                best = min(best, last[j] + (left[i] == right[j] ? 0 : 1))
                if i > 0, j > 0, left[i] == right[j - 1], left[i - 1] == right[j] {
                    best = min(best, beforeLast[j - 1] + 1)
                }
                row.append(best)
            }
            (beforeLast, last) = (last, row)
        }
        return last[right.count] <= limit ? last[right.count] : nil
    }

    /// The nearest of some words, if one is near enough to be meant; the first of equally near ones.
    static func nearest(to word: String, in words: [String]) -> String? {
        let lowered = word.lowercased()
        var best: (word: String, distance: Int)?
        for candidate in words {
            let limit = min(best.map { $0.distance - 1 } ?? 2, max(1, candidate.utf8.count / 3))
            guard limit >= 0, let found = distance(lowered, candidate.lowercased(), atMost: limit) else { continue }
            best = (candidate, found)
        }
        return best?.word
    }

    /// `a, b or c`.
    static func list(_ words: [String]) -> String {
        guard let last = words.last, words.count > 1 else { return words.first ?? "" }
        return words.dropLast().joined(separator: ", ") + " or " + last
    }
}
