import OTLP
package import OTLPDelivery
package import OTLPFiles
import WireFormat

/// Cuts a file's requests into the batches that are sent: neighbours of one signal together up to about a megabyte, larger
/// requests in pieces. The same content is always cut the same way. Memory is bounded by the largest request.
package final class ImportBatches {
    package static let batchBytes = 1 << 20
    /// Names the way of cutting; to be changed with it.
    package static let cut = "batches of 1 MiB"

    private let next: () throws(OTLPFileError) -> OTLPFileRecord?
    private let path: String
    private var pending: (kind: SignalKind, message: [UInt8], items: Int)?
    private var pieces: [(kind: SignalKind, message: [UInt8], items: Int)] = []
    private var scanner = TelemetryScanner(collectsTraces: false)
    private var sequence: UInt64 = 0
    private var isAtEnd = false
    /// Requests that cannot be sent, each told once.
    private let onFault: (OTLPFileError) -> Void

    package init(
        path: String, onFault: @escaping (OTLPFileError) -> Void,
        _ next: @escaping () throws(OTLPFileError) -> OTLPFileRecord?
    ) {
        self.path = path
        self.onFault = onFault
        self.next = next
    }

    /// Nil at the end. What is malformed is told and passed over.
    package func nextBatch() -> BatchCourier.Batch? {
        while true {
            if !pieces.isEmpty, let batch = add(pieces.removeFirst()) { return batch }
            guard pieces.isEmpty else { continue }
            if isAtEnd { return finish() }
            do throws(OTLPFileError) {
                guard let record = try next() else {
                    isAtEnd = true
                    continue
                }
                try cut(record)
            } catch {
                onFault(error)
                if case .system = error.reason { isAtEnd = true }
                if case .compression = error.reason { isAtEnd = true }
            }
        }
    }

    private func cut(_ record: OTLPFileRecord) throws(OTLPFileError) {
        do throws(WireError) {
            // Before it is cut, so that a malformed request is refused whole.
            try scanner.scan(record.message.span, as: record.kind)
            guard record.message.count > Self.batchBytes else {
                pieces.append((record.kind, record.message, scanner.items + scanner.refusedCount))
                return
            }
            for part in try RequestSplitter.split(record.message, maxBytes: Self.batchBytes) {
                try scanner.scan(part.span, as: record.kind)
                pieces.append((record.kind, part, scanner.items + scanner.refusedCount))
            }
        } catch {
            throw OTLPFileError(path, record.place, .wire(error))
        }
    }

    /// Returns the batch that is complete without this piece.
    private func add(_ piece: (kind: SignalKind, message: [UInt8], items: Int)) -> BatchCourier.Batch? {
        guard let current = pending else {
            pending = piece
            return nil
        }
        if current.kind == piece.kind, current.message.count + piece.message.count <= Self.batchBytes {
            pending = nil
            pending = (current.kind, current.message + piece.message, current.items + piece.items)
            return nil
        }
        let batch = finish()
        pending = piece
        return batch
    }

    private func finish() -> BatchCourier.Batch? {
        guard let (kind, message, items) = pending else { return nil }
        pending = nil
        sequence += 1
        return BatchCourier.Batch(kind: kind, message: message, items: items, sequence: sequence)
    }
}
