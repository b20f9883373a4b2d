package import WireFormat

/// Where the sidecar puts telemetry that it accepts, and the seam between receiving and forwarding: what is in the outbox is
/// what an acknowledgement answers for. Lives on the loop that receives.
package protocol Outbox: AnyObject {
    /// Copies one message in. False when there is no room: nothing was kept then, and the sender is to come again.
    func append(_ message: Span<UInt8>, _ kind: SignalKind, items: Int) -> Bool
    /// Passes on what waits for a batch to fill.
    func flush()
}
