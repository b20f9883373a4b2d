/// Why a summary could not be read or merged.
package enum SummaryError: Error, Equatable, Sendable, CustomStringConvertible {
    case version(UInt8)
    case damaged(offset: Int, String)
    case tooManyRows(limit: Int)

    package var description: String {
        switch self {
        case .version(let version): "summary is of version \(version), which this program cannot read; make it anew"
        case .damaged(let offset, let what): "summary is damaged at byte \(offset): \(what); make it anew"
        case .tooManyRows(let limit):
            "more than \(limit) rows of figures; ask for a shorter time, one service, or a larger step"
        }
    }
}
