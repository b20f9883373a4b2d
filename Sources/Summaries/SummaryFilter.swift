/// Which rows of a summary are looked at, and how coarse.
package struct SummaryFilter: Sendable {
    /// Unix nanoseconds, included; minutes that hold it are taken whole. nil takes spans without time along.
    package var from: UInt64?
    /// Unix nanoseconds, excluded.
    package var to: UInt64?
    /// Of calls: the one that calls or is called.
    package var service: String?
    package var operation: String?
    /// OTLP's number.
    package var kind: UInt8?
    /// Rows are made for steps of so many minutes, at multiples since 1970. At least 1.
    package var stepMinutes: UInt32 = 1
    package var includesOperations = true
    package var includesCalls = true

    package static let everything = SummaryFilter()

    package init() {}

    @inline(__always)
    func includes(minute: UInt32) -> Bool {
        if minute == SummaryMinute.noTime { return from == nil && to == nil }
        let begin = UInt64(minute) * SummaryMinute.nanoseconds
        if let from, begin + (SummaryMinute.nanoseconds - 1) < from { return false }
        if let to, begin >= to { return false }
        return true
    }

    /// The same for a summary that was merged with this filter: its rows stand at the beginnings of their steps, and the first
    /// step may begin before `from`.
    package var ofMergedRows: SummaryFilter {
        var filter = self
        if let from { filter.from = from - from % (UInt64(max(1, stepMinutes)) * SummaryMinute.nanoseconds) }
        return filter
    }

    func stepStart(of minute: UInt32) -> UInt32 { minute - minute % max(1, stepMinutes) }
}

/// A filter whose texts were looked up in one summary's list.
struct ChosenTexts {
    let filter: SummaryFilter
    /// nil: any; no number: none is wanted that is there.
    private let service: UInt32??
    private let operation: UInt32??

    init(_ filter: SummaryFilter, _ texts: TextList) {
        self.filter = filter
        service = filter.service.map { texts.number(of: Array($0.utf8)) }
        operation = filter.operation.map { texts.number(of: Array($0.utf8)) }
    }

    func includes(_ key: OperationKey) -> Bool {
        guard filter.includesOperations, filter.includes(minute: key.minute) else { return false }
        if let service, service != key.service { return false }
        if let operation, operation != key.operation { return false }
        if let kind = filter.kind, kind != key.kind { return false }
        return true
    }

    func includes(_ key: CallKey) -> Bool {
        guard filter.includesCalls, filter.includes(minute: key.minute) else { return false }
        if let service, service != key.from, service != key.to || !key.kind.endsAtService { return false }
        return true
    }
}
