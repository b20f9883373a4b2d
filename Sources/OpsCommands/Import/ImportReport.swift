import JSON
package import OTLPDelivery
package import WireFormat

/// What became of what was imported.
package struct ImportReport: Sendable {
    package struct Items: Sendable, Equatable {
        package var taken = 0
        /// Named in the answers as not taken.
        package var rejected = 0
        package var refused = 0

        package init(taken: Int = 0, rejected: Int = 0, refused: Int = 0) {
            self.taken = taken
            self.rejected = rejected
            self.refused = refused
        }
    }

    package var items: [SignalKind: Items] = [:]
    package var batches = 0
    package var refusedBatches = 0
    /// Requests in the files that are no OTLP.
    package var faults = 0
    package var bytes = 0
    package var seconds = 0.0
    /// Why the import ended early.
    package var failure: String?

    package init() {}

    package mutating func count(_ batch: BatchCourier.Batch, _ outcome: BatchCourier.Outcome) {
        switch outcome {
        case .delivered(let rejected):
            batches += 1
            items[batch.kind, default: Items()].taken += batch.items - rejected
            items[batch.kind, default: Items()].rejected += rejected
        case .refused:
            refusedBatches += 1
            items[batch.kind, default: Items()].refused += batch.items
        case .gaveUp(let reason): failure = reason
        }
    }

    package var exitCode: ExitCode {
        if failure != nil { return .failure }
        let isWhole = faults == 0 && items.values.allSatisfy { $0.rejected == 0 && $0.refused == 0 }
        return isWhole ? .success : .negative
    }

    package func text(style: TextStyle) -> String {
        var lines: [String] = []
        for kind in SignalKind.allCases {
            guard let count = items[kind] else { continue }
            lines.append("\(style.bold("\(count.taken) \(kind.itemName)")) taken")
            if count.rejected > 0 { lines.append(style.red("\(count.rejected) \(kind.itemName) not taken")) }
            if count.refused > 0 { lines.append(style.red("\(count.refused) \(kind.itemName) in refused batches")) }
        }
        if lines.isEmpty, failure == nil { lines.append("nothing was there to import") }
        if faults > 0 { lines.append(style.red("\(faults) requests in the files cannot be read")) }
        let rate = seconds > 0 ? Int((Double(bytes) / seconds / 1_048_576).rounded()) : 0
        lines.append("\(batches) batches, \(bytes) bytes in \(Int(seconds.rounded())) s, \(rate) MiB/s")
        if let failure { lines.append(style.red("ended early: \(failure.withoutControls)")) }
        return lines.joined(separator: "\n") + "\n"
    }

    package func json() -> String {
        var writer = JSONWriter()
        writer.object { writer in
            for kind in SignalKind.allCases {
                let count = items[kind] ?? Items()
                writer.key("\(kind)")
                writer.object { writer in
                    writer.member("taken", count.taken)
                    writer.member("rejected", count.rejected)
                    writer.member("refused", count.refused)
                }
            }
            writer.member("batches", batches)
            writer.member("refused_batches", refusedBatches)
            writer.member("unreadable_requests", faults)
            writer.member("bytes", bytes)
            writer.key("seconds")
            writer.double(seconds)
            if let failure { writer.member("failure", failure) }
        }
        return String(decoding: writer.bytes, as: UTF8.self)
    }
}
