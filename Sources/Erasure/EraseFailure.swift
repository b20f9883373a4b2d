package import SegmentStore

/// Why an erasure ended before its end. What it did until then is done, and the same again does the rest.
package enum EraseFailure: Error, Sendable, CustomStringConvertible {
    case store(StoreError)
    case tooMany(limit: Int)
    /// A bound of the search allows no progress.
    case stuck(reason: String)
    case cancelled

    package var description: String {
        switch self {
        case .store(let error): "\(error)"
        case .tooMany(let limit):
            "more than \(limit) traces or spans are found, and nothing was erased; divide it by 'from' and 'to'"
        case .stuck(let reason): "the search came to its bound of \(reason), and nothing was erased"
        case .cancelled: "stopped with the program; ask for it again"
        }
    }
}
