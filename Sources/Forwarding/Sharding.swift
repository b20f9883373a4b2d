import TraceModel
package import WireFormat

/// Divides a message among the collectors that own its traces.
package enum Sharding {
    package struct Part: Sendable {
        package var collector: Int
        /// Nil: the whole message.
        package var bytes: [UInt8]?
        package var items: Int
    }

    /// The parts together hold each item once. `runs` are the traces of the message in its order, as the scanner found them.
    package static func parts(
        of message: Span<UInt8>, _ kind: SignalKind, items: Int, runs: [TraceRun], services: [ServiceCount],
        among collectors: CollectorSet
    ) throws(WireError) -> [Part] {
        guard collectors.count > 1 else { return [Part(collector: 0, bytes: nil, items: items)] }
        guard kind == .traces, !runs.isEmpty else {
            let owner = collectors.owner(ofService: services.first?.name ?? "")
            return [Part(collector: owner, bytes: nil, items: items)]
        }
        // Asked once for each run: an owner that changes meanwhile must not tear the message.
        let owners = runs.map { collectors.owner(of: $0.traceID) }
        let firstOwner = owners[0]
        guard owners.contains(where: { $0 != firstOwner }) else {
            return [Part(collector: firstOwner, bytes: nil, items: items)]
        }
        var ownerOfTrace: [TraceID: Int] = [:]
        for (run, owner) in zip(runs, owners) where ownerOfTrace[run.traceID] == nil {
            ownerOfTrace[run.traceID] = owner
        }
        var parts: [Part] = []
        for collector in Set(owners).sorted() {
            var bytes: [UInt8] = []
            let kept = try SpanFilter.copy(message, into: &bytes) { traceID, _ in
                ownerOfTrace[TraceID(bytes: traceID)] == collector
            }
            if kept > 0 { parts.append(Part(collector: collector, bytes: bytes, items: kept)) }
        }
        return parts
    }
}

extension TraceID {
    /// Of 16 bytes; anything else gives an id that no message has.
    fileprivate init(bytes: Span<UInt8>) {
        guard bytes.count == 16 else {
            self.init(high: 0, low: 0)
            return
        }
        var words: (UInt64, UInt64) = (0, 0)
        for index in 0..<8 {
            words.0 = words.0 << 8 | UInt64(bytes[index])
            words.1 = words.1 << 8 | UInt64(bytes[index + 8])
        }
        self.init(high: words.0, low: words.1)
    }
}
