import OTLP
import LargeArrays

/// Tells which children ran on their own, and with that which nodes a correction of clocks may move.
///
/// An async child is
/// - a consumer, also without a parent;
/// - a child on another host than its parent when one of the two is a producer (a producer span itself runs within its
///   parent, in the same process: it is none);
/// - a child that began after its parent had ended. Between two hosts that is judged by the corrected times, or else every
///   callee with a clock that is ahead would count as one; where their clocks cannot be compared it is not judged. A parent
///   without length tells nothing.
struct AsyncRule {
    private(set) var shifts: [Int64]
    private(set) var isAsync: [Bool]

    init(
        parent: [Int32], start: [UInt64], end: [UInt64], kind: [SpanKind], host: [UInt32], isUntimed: [Bool],
        offsets: [ClockOffset?]
    ) {
        let count = parent.count
        shifts = Array(large: 0, count: count)
        isAsync = Array(large: false, count: count)
        /// Whether the node stands below an async child, or is one, that had to stay where its clock put it.
        var isPinned = Array(large: false, count: count)

        func hasComparableClocks(_ left: Int, _ right: Int) -> Bool {
            let (first, second) = (Int(host[left]), Int(host[right]))
            // Where a host is not known, raw times are all there is.
            guard first != second, first < offsets.count, second < offsets.count else { return true }
            return offsets[first] != nil && offsets[first]?.reference == offsets[second]?.reference
        }
        func offset(_ node: Int) -> ClockOffset? {
            isUntimed[node] || Int(host[node]) >= offsets.count ? nil : offsets[Int(host[node])]
        }
        for node in 0..<count {
            let above = Int(parent[node])
            if isUntimed[node] {
                guard above >= 0 else { continue }
                (shifts[node], isPinned[node]) = (shifts[above], isPinned[above])
                isAsync[node] = kind[node] == .consumer
                continue
            }
            let offset = offset(node)
            let shift = offset?.shift ?? 0
            var isOwn = kind[node] == .consumer
            if above >= 0, !isOwn {
                let isMessage = kind[node] == .producer || kind[above] == .producer
                isOwn = isMessage && host[node] != host[above]
                if !isOwn, !isUntimed[above], end[above] > start[above], hasComparableClocks(node, above) {
                    // Both stand on the pinned clock, or both are corrected.
                    let moved = isPinned[above] ? 0 : shift
                    isOwn = Int128(start[node]) + Int128(moved) > Int128(end[above]) + Int128(shifts[above])
                }
            }
            isAsync[node] = isOwn
            if isOwn {
                isPinned[node] = offset.map { $0.shift != 0 } ?? true
            } else if above >= 0, isPinned[above] {
                isPinned[node] = true
            } else {
                shifts[node] = shift
            }
        }
        movePlaceholders(parent, isUntimed)
    }

    private mutating func movePlaceholders(_ parent: [Int32], _ isUntimed: [Bool]) {
        guard parent.indices.contains(where: { parent[$0] < 0 && isUntimed[$0] }) else { return }
        /// What all children seen so far have in common; nil where they differ.
        var common = [Int64?](repeating: nil, count: parent.count)
        var isSeen = Array(repeating: false, count: parent.count)
        for node in parent.indices {
            let above = Int(parent[node])
            guard above >= 0, isUntimed[above], parent[above] < 0 else { continue }
            common[above] = !isSeen[above] || common[above] == shifts[node] ? shifts[node] : nil
            isSeen[above] = true
        }
        for node in parent.indices where isSeen[node] { shifts[node] = common[node] ?? 0 }
    }
}
