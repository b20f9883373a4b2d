import Forwarding
import Receiving

/// Hands what the doors accept to the outbox of their loop. Lives on that loop.
final class SidecarSink: TelemetrySink {
    private let outbox: any Outbox

    init(outbox: any Outbox) { self.outbox = outbox }

    func accept(_ telemetry: consuming AcceptedTelemetry, _ done: @escaping (SinkAnswer) -> Void) {
        let payload = telemetry.bytes.span.extracting(telemetry.payload)
        guard outbox.append(payload, telemetry.kind, items: telemetry.items) else {
            done(.busy(reason: "the queue to the collector is full; send it again later", retryAfter: .seconds(1)))
            return
        }
        done(.accepted)
    }
}
