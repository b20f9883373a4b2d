/// What a service did under one operation, or altogether.
package struct OperationReport: Sendable, Equatable {
    package var service: String
    package var operation: String
    /// OTLP's number.
    package var kind: UInt8
    package var total = Figures()
    /// By minute, those of the filter's step. Spans without time are in minute 0.
    package var points: [Point] = []

    package struct Point: Sendable, Equatable {
        /// Since 1970.
        package var minute: UInt32
        package var figures: Figures
    }
}

/// A call from one service to another, or to what sends no spans.
package struct CallReport: Sendable, Equatable {
    package var from: String
    package var to: String
    package var kind: CallKind
    package var total = Figures()
}

/// A node of the call graph.
package struct NodeReport: Sendable, Equatable {
    package var name: String
    /// nil: a service; otherwise how it is called.
    package var calledAs: CallKind?
    /// Of a service its server and consumer spans, or all of them if it has none; of others the calls to them.
    package var total = Figures()
    /// Of a service all of its spans, and its server and consumer spans.
    package var spans = Figures()
    package var entries = Figures()
}

/// An answer that may end before everything was said.
package struct SummaryPage<Element: Sendable>: Sendable {
    package var elements: [Element]
    package var isTruncated: Bool
}

extension SummaryPage: Equatable where Element: Equatable {}

/// Each looks at all rows that are within the bounds.
extension Summary {
    /// Rate, errors and durations of operations, those with most spans first. Each has points in order of time when
    /// `withPoints`; `limit` counts operations.
    package func red(
        _ filter: SummaryFilter, withPoints: Bool = true, limit: Int = 1_000
    ) -> SummaryPage<OperationReport> {
        let summary = settled()
        let (texts, operations) = (summary.texts, summary.operations)
        struct Key: Hashable {
            var service: UInt32
            var operation: UInt32
            var kind: UInt8
        }
        let chosen = ChosenTexts(filter, texts)
        var totals: [Key: Figures] = [:]
        for (key, figures) in operations where chosen.includes(key) {
            totals[Key(service: key.service, operation: key.operation, kind: key.kind), default: Figures()]
                .merge(figures)
        }
        let ordered = totals.filter { $0.value.count > 0 }.sorted { left, right in
            if left.value.count != right.value.count { return left.value.count > right.value.count }
            let names = (texts[left.key.service], texts[right.key.service])
            if names.0 != names.1 { return names.0.lexicographicallyPrecedes(names.1) }
            let operations = (texts[left.key.operation], texts[right.key.operation])
            if operations.0 != operations.1 { return operations.0.lexicographicallyPrecedes(operations.1) }
            return left.key.kind < right.key.kind
        }
        let kept = ordered.prefix(max(0, limit))
        var points: [Key: [UInt32: Figures]] = [:]
        if withPoints {
            for (key, _) in kept { points[key] = [:] }
            for (key, figures) in operations where chosen.includes(key) {
                let group = Key(service: key.service, operation: key.operation, kind: key.kind)
                points[group]?[filter.stepStart(of: key.minute), default: Figures()].merge(figures)
            }
        }
        let reports = kept.map { key, total in
            OperationReport(
                service: texts.string(key.service), operation: texts.string(key.operation), kind: key.kind,
                total: total,
                points: (points[key] ?? [:]).filter { !$0.value.isZero }.sorted { $0.key < $1.key }
                    .map { OperationReport.Point(minute: $0.key, figures: $0.value) })
        }
        return SummaryPage(elements: reports, isTruncated: ordered.count > kept.count)
    }

    /// The operations of a service with their totals over all time, those with most spans first.
    package func operations(of service: String, limit: Int = 1_000) -> SummaryPage<OperationReport> {
        var filter = SummaryFilter()
        filter.service = service
        return red(filter, withPoints: false, limit: limit)
    }

    /// The edges of the call graph, those with most calls first.
    package func calls(_ filter: SummaryFilter, limit: Int = 1_000) -> SummaryPage<CallReport> {
        let summary = settled()
        let (texts, calls) = (summary.texts, summary.calls)
        struct Key: Hashable {
            var from: UInt32
            var to: UInt32
            var kind: CallKind
        }
        let chosen = ChosenTexts(filter, texts)
        var totals: [Key: Figures] = [:]
        for (key, figures) in calls where chosen.includes(key) {
            totals[Key(from: key.from, to: key.to, kind: key.kind), default: Figures()].merge(figures)
        }
        let ordered = totals.filter { $0.value.count > 0 }.sorted { left, right in
            if left.value.count != right.value.count { return left.value.count > right.value.count }
            let from = (texts[left.key.from], texts[right.key.from])
            if from.0 != from.1 { return from.0.lexicographicallyPrecedes(from.1) }
            let to = (texts[left.key.to], texts[right.key.to])
            if to.0 != to.1 { return to.0.lexicographicallyPrecedes(to.1) }
            return left.key.kind.rawValue < right.key.kind.rawValue
        }
        let kept = ordered.prefix(max(0, limit))
        let reports = kept.map { key, total in
            CallReport(from: texts.string(key.from), to: texts.string(key.to), kind: key.kind, total: total)
        }
        return SummaryPage(elements: reports, isTruncated: ordered.count > kept.count)
    }

    /// The nodes of the call graph: services in order of name, then what they call and sends no spans. Of one service also those
    /// that it calls or that call it.
    package func nodes(_ filter: SummaryFilter, limit: Int = 1_000) -> SummaryPage<NodeReport> {
        let summary = settled()
        let (texts, operations, calls) = (summary.texts, summary.operations, summary.calls)
        struct Key: Hashable {
            var text: UInt32
            var calledAs: CallKind?
        }
        let chosen = ChosenTexts(filter, texts)
        var others = filter
        others.service = nil
        let ofOthers = ChosenTexts(others, texts)
        var neighbours: Set<UInt32> = []
        for (key, _) in calls where filter.service != nil && chosen.includes(key) {
            neighbours.insert(key.from)
            if key.kind.endsAtService { neighbours.insert(key.to) }
        }
        var entries: [UInt32: Figures] = [:]
        var all: [UInt32: Figures] = [:]
        for (key, figures) in operations
        where chosen.includes(key) || neighbours.contains(key.service) && ofOthers.includes(key) {
            all[key.service, default: Figures()].merge(figures)
            if CallKind.entersService(key.kind) {
                entries[key.service, default: Figures()].merge(figures)
            }
        }
        var totals: [Key: Figures] = [:]
        for (service, figures) in all where figures.count > 0 {
            let entry = entries[service]
            totals[Key(text: service, calledAs: nil)] = (entry?.count ?? 0) > 0 ? entry : figures
        }
        for (key, figures) in calls where chosen.includes(key) && !key.kind.endsAtService {
            totals[Key(text: key.to, calledAs: key.kind), default: Figures()].merge(figures)
        }
        let ordered = totals.filter { $0.value.count > 0 }.sorted { left, right in
            let kinds = (left.key.calledAs?.rawValue ?? 0, right.key.calledAs?.rawValue ?? 0)
            if kinds.0 != kinds.1 { return kinds.0 < kinds.1 }
            return texts[left.key.text].lexicographicallyPrecedes(texts[right.key.text])
        }
        let kept = ordered.prefix(max(0, limit))
        let reports = kept.map { key, total in
            let isService = key.calledAs == nil
            return NodeReport(
                name: texts.string(key.text), calledAs: key.calledAs, total: total,
                spans: isService ? all[key.text] ?? Figures() : total,
                entries: isService ? entries[key.text] ?? Figures() : Figures())
        }
        return SummaryPage(elements: reports, isTruncated: ordered.count > kept.count)
    }
}
