import Receiving
import SegmentStore
import SelfTelemetry
import WireFormat

extension MetricRegistry {
    /// Publishes what the store counts.
    func add(_ store: SegmentStore) {
        func count(
            _ name: String, _ help: String, _ labels: KeyValuePairs<String, String> = [:],
            _ read: @escaping @Sendable (StoreStatistics) -> UInt64
        ) {
            counter("hms_collector_" + name, help: help, labels: labels, read: { read(store.statistics) })
        }
        func measure(
            _ name: String, _ help: String, _ labels: KeyValuePairs<String, String> = [:],
            _ read: @escaping @Sendable (StoreStatistics) -> Double
        ) {
            gauge("hms_collector_" + name, help: help, labels: labels, read: { read(store.statistics) })
        }
        let stored = "Items made durable since the start."
        count("stored_items_total", stored, ["signal": "traces"]) { $0.stored.spans }
        count("stored_items_total", stored, ["signal": "metrics"]) { $0.stored.points }
        count("stored_items_total", stored, ["signal": "logs"]) { $0.stored.logs }
        let held = "Items on the disk."
        measure("held_items", held, ["signal": "traces"]) { Double($0.held.spans) }
        measure("held_items", held, ["signal": "metrics"]) { Double($0.held.points) }
        measure("held_items", held, ["signal": "logs"]) { Double($0.held.logs) }
        measure("store_bytes", "Bytes of all segments on the disk.") { Double($0.bytesOnDisk) }
        measure("store_segments", "Segments on the disk.") { Double($0.segments) }
        measure("store_queue_bytes", "Bytes that wait for the disk.") { Double($0.queueBytes) }
        measure("store_cached_bytes", "Bytes of frames kept for the next search.") { Double($0.cachedBytes) }
        measure("store_ready", "1 while the disk takes writes.") { $0.isReady ? 1 : 0 }
        count("store_commits_total", "Group commits.") { $0.commits }
        count("store_syncs_total", "Calls of fdatasync.") { $0.syncs }
        count("store_sync_nanoseconds_total", "Time spent in fdatasync.") { $0.syncNanoseconds }
        count("store_damaged_frames_total", "Stretches of a log that were found damaged.") { $0.damagedFrames }
        count("store_quarantined_bytes_total", "Damaged bytes that were set aside.") { $0.quarantinedBytes }
        count("store_deleted_segments_total", "Segments that retention deleted.") { $0.segmentsDeleted }
        count("store_refused_records_total", "Records turned away because too many waited.") { $0.refusedSubmits }
    }
}

extension MetricRegistry {
    /// Publishes the little that an operator watches of each tenant.
    func addTenant(_ name: String, _ store: SegmentStore) {
        let labels: KeyValuePairs<String, String> = ["tenant": name]
        gauge("hms_collector_tenant_store_bytes", help: "Bytes of a tenant's segments on the disk.", labels: labels) {
            Double(store.statistics.bytesOnDisk)
        }
        gauge("hms_collector_tenant_held_spans", help: "A tenant's spans on the disk.", labels: labels) {
            Double(store.statistics.held.spans)
        }
        gauge("hms_collector_tenant_store_ready", help: "1 while the disk takes a tenant's writes.", labels: labels) {
            store.statistics.isReady ? 1 : 0
        }
    }
}

extension MetricRegistry {
    /// Publishes the ledger: figures of the store's whole life, which go on where they were after a restart.
    func addLedger(of store: SegmentStore) {
        for kind in SignalKind.allCases {
            let signal: KeyValuePairs<String, String> = ["signal": "\(kind)"]
            func count(
                _ name: String, _ help: String, _ labels: KeyValuePairs<String, String>,
                _ read: @escaping @Sendable (LedgerFigures) -> UInt64
            ) {
                counter("hms_collector_ledger_" + name, help: help, labels: labels, read: { read(store.ledgerSums()) })
            }
            count("arrived_items_total", "Items that ever came: stored, duplicate or rejected.", signal) {
                $0.arrived[kind]
            }
            count("stored_items_total", "Items that were ever stored.", signal) { $0.stored[kind] }
            count("duplicate_items_total", "Items that came again after they were stored.", signal) {
                $0.duplicates[kind]
            }
            count("deleted_items_total", "Items that retention deleted.", signal) { $0.deleted[kind] }
            count("damaged_items_total", "Items that were stored and lost to damage.", signal) { $0.damaged[kind] }
            for reason in IngestCounters.Reason.allCases {
                count(
                    "rejected_items_total", "Items that were turned away, by reason.",
                    ["signal": "\(kind)", "reason": reason.rawValue]
                ) { $0.rejected[reason.rawValue]?[kind] ?? 0 }
            }
        }
    }
}
