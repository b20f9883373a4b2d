/// Why items that were accepted do not reach a collector. The raw value is the `reason` label of their counter; the order is
/// that of the state file, so new reasons are added at the end.
package enum DropReason: String, CaseIterable, Sendable {
    /// The collector said that it will never take the batch, which was set aside.
    case refused = "refused_by_collector"
    /// The collector took the batch without these.
    case rejected = "rejected_by_collector"
    /// The spool's bytes were damaged, and set aside.
    case damaged = "damaged_in_spool"
    /// Left out by a sampling rule.
    case sampled

    var index: Int { Self.allCases.firstIndex(of: self)! }  // allCases holds every case
}
