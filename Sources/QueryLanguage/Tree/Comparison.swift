/// How a field is compared with one value.
package enum Comparison: Sendable, Hashable, CaseIterable {
    /// Some occurrence of the field is written like the value.
    case equal
    /// The field exists and no occurrence is written like the value.
    case notEqual
    case less
    case lessOrEqual
    case greater
    case greaterOrEqual

    package var symbol: String {
        switch self {
        case .equal: "="
        case .notEqual: "!="
        case .less: "<"
        case .lessOrEqual: "<="
        case .greater: ">"
        case .greaterOrEqual: ">="
        }
    }

    package var isOrdering: Bool { self != .equal && self != .notEqual }
}
