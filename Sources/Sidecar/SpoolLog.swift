import SelfTelemetry
import Spool

extension Log {
    /// Tells what the spool has to tell.
    func tell(_ event: SpoolEvent) {
        switch event {
        case .recovered(let lanes, let batches, let items):
            info(
                "spool_recovered", "an earlier process left telemetry, which is forwarded now",
                ["lanes": lanes, "batches": batches, "items": items])
        case .damaged(let path, let offset, let length, let copy):
            error(
                "spool_damaged", "bytes of the spool are not what was written; they are set aside, the rest goes on",
                ["path": path, "offset": offset, "bytes": length, "kept_as": copy ?? "(no room)"])
        case .itemsLost(let lane, let items):
            error(
                "spool_items_lost", "accepted items are gone with damaged records; the ledger counts them as dropped",
                ["lane": lane, "items": items])
        case .fileUnreadable(let path, let reason, let lost):
            error(
                "spool_file_unreadable", "a file of the spool is not what was written; the rest goes on",
                ["path": path, "reason": reason, "lost": lost])
        case .segmentUnreadable(let path, let reason, let copy):
            error(
                "spool_segment_unreadable", "a segment of the spool cannot be read; it is set aside, the rest goes on",
                ["path": path, "reason": reason, "kept_as": copy ?? "(left where it is)"])
        case .directoryFailed(let reason, let inMemory):
            if inMemory {
                warning(
                    "spool_in_memory",
                    "the spool's directory cannot be written; telemetry is kept in memory until it can, and lost if the "
                        + "sidecar is killed before it was forwarded", ["reason": reason])
            } else {
                error(
                    "spool_unavailable",
                    "the spool's directory cannot be written; nothing is taken until it can ('spool.required = false' "
                        + "would go on in memory)", ["reason": reason])
            }
        case .directoryBack:
            info("spool_on_disk", "the spool's directory can be written again")
        case .fileVanished(let path):
            error(
                "spool_file_vanished",
                "somebody removed a file of the spool; what it holds is forwarded, and lost if the "
                    + "sidecar is killed before that. Another is begun", ["path": path])
        case .syncFailed(let failure):
            error(
                "spool_sync_failed", "the disk did not take what was written; another file is begun",
                ["reason": failure])
        }
    }
}
