/// Keeping a summary small. What is kept depends on which services, operations and minutes there are, not on how often or in
/// which order they came: of a set, the first in a fixed order. What is among the first of all is among the first of each
/// part as well, so the sum over segments has exactly what one summary of everything would have.
extension Summary {
    /// This with rows together whose keys are beyond the bounds.
    func settled() -> Summary {
        var summary = self
        summary.settle()
        return summary
    }

    /// To settle at each merge would look at all rows each time.
    mutating func settleIfGrown() {
        if rows > max(4096, 2 * settledRows) { settle() }
    }

    /// Puts rows together whose keys are beyond the bounds.
    mutating func settle() {
        defer { settledRows = rows }
        let kept = KeptKeys(self)
        guard kept.leavesOut else { return }
        let other = texts.intern(Array(OperationName.other.utf8))
        var operations: [OperationKey: Figures] = [:]
        for (key, figures) in self.operations {
            operations[kept.bounded(key, other: other), default: Figures()].merge(figures)
        }
        var calls: [CallKey: Figures] = [:]
        for (key, figures) in self.calls {
            calls[kept.bounded(key, other: other), default: Figures()].merge(figures)
        }
        self.operations = operations.filter { !$0.value.isZero }
        self.calls = calls.filter { !$0.value.isZero }
    }
}

/// Which keys a summary may keep; nil keeps all.
private struct KeptKeys {
    var services: Set<UInt32>?
    /// Of services that have more than they may.
    var operations: [UInt32: Set<UInt32>] = [:]
    var peers: Set<UInt32>?
    /// The earliest that is kept. Those before it are in "no time".
    var firstMinute: UInt32?

    var leavesOut: Bool { services != nil || !operations.isEmpty || peers != nil || firstMinute != nil }

    init(_ summary: Summary) {
        var services: Set<UInt32> = []
        var peers: Set<UInt32> = []
        var minutes: Set<UInt32> = []
        var operations: [UInt32: Set<UInt32>] = [:]
        var last: OperationKey?
        for key in summary.operations.keys {
            // Neighbours are often of one minute.
            if last?.minute != key.minute { minutes.insert(key.minute) }
            last = key
            operations[key.service, default: []].insert(key.operation)
        }
        for service in operations.keys { services.insert(service) }
        for key in summary.calls.keys {
            services.insert(key.from)
            if key.kind.endsAtService { services.insert(key.to) } else { peers.insert(key.to) }
            minutes.insert(key.minute)
        }
        let bounds = summary.bounds
        self.services = Self.first(bounds.services, of: services, summary.texts)
        self.peers = Self.first(bounds.peers, of: peers, summary.texts)
        for (service, names) in operations {
            self.operations[service] = Self.first(bounds.operationsOfService, of: names, summary.texts)
        }
        minutes.remove(SummaryMinute.noTime)
        if minutes.count > bounds.minutes { firstMinute = minutes.sorted()[minutes.count - bounds.minutes] }
    }

    /// The first in the order of a fixed hash: which texts these are says nothing about them.
    private static func first(_ count: Int, of numbers: Set<UInt32>, _ texts: TextList) -> Set<UInt32>? {
        guard numbers.count > count else { return nil }
        let other = Array(OperationName.other.utf8)
        let ordered = numbers.filter { texts[$0] != other }
            .map { (hash: TextHash.hash(texts[$0].span, seed: 0x5EED_0F5E_6E75), number: $0) }
            .sorted {
                if $0.hash != $1.hash { return $0.hash < $1.hash }
                return texts[$0.number].lexicographicallyPrecedes(texts[$1.number])
            }
        guard ordered.count > count else { return nil }
        return Set(ordered.prefix(count).map(\.number))
    }

    func bounded(_ key: OperationKey, other: UInt32) -> OperationKey {
        var key = key
        if let names = operations[key.service], !names.contains(key.operation) { key.operation = other }
        if let services, !services.contains(key.service) { (key.service, key.operation) = (other, other) }
        if let firstMinute, key.minute < firstMinute { key.minute = SummaryMinute.noTime }
        return key
    }

    func bounded(_ key: CallKey, other: UInt32) -> CallKey {
        var key = key
        if let services {
            if !services.contains(key.from) { key.from = other }
            if key.kind.endsAtService, !services.contains(key.to) { key.to = other }
        }
        if let peers, !key.kind.endsAtService, !peers.contains(key.to) { key.to = other }
        if let firstMinute, key.minute < firstMinute { key.minute = SummaryMinute.noTime }
        return key
    }
}
