import SegmentStore
import TraceModel
import WireFormat

/// Makes OTLP requests of spans whose every byte follows from their numbers.
enum Samples {
    static func id(_ number: UInt64) -> TraceID { TraceID(high: 0xABCD_0000 &+ number, low: number &* 0x9E37_79B9) }

    static func spans(_ traces: [UInt64], service: String = "pay", perTrace: Int = 2) -> [UInt8] {
        var writer = ProtobufWriter()
        writer.message(1) { resourceSpans in
            resourceSpans.message(1) { resource in
                resource.message(1) { attribute in
                    attribute.string(1, "service.name")
                    attribute.message(2) { $0.string(1, service) }
                }
            }
            resourceSpans.message(2) { scope in
                for trace in traces {
                    for span in 0..<perTrace {
                        scope.message(2) { message in
                            message.bytes(1, id(trace).bytes)
                            message.bytes(2, TraceID(high: 0, low: trace << 8 | UInt64(span + 1)).bytes.suffix(8))
                            message.string(5, "span \(span) of \(trace)")
                            message.fixed64(7, 1_700_000_000_000_000_000 &+ trace)
                            message.fixed64(8, 1_700_000_000_000_001_000 &+ trace)
                        }
                    }
                }
            }
        }
        return writer.bytes
    }

    static func traces(
        _ traces: [UInt64], sender: SenderID? = nil, sequence: UInt64 = 0, receivedAt: UInt64 = 1_000,
        service: String = "pay", perTrace: Int = 2
    ) -> IngestRecord {
        record(
            .traces, spans(traces, service: service, perTrace: perTrace), sender: sender, sequence: sequence,
            receivedAt: receivedAt)
    }

    static func metrics(_ number: Int, receivedAt: UInt64 = 1_000) -> IngestRecord {
        var writer = ProtobufWriter()
        writer.message(1) { resource in
            resource.message(2) { scope in
                scope.message(2) { metric in
                    metric.string(1, "metric \(number)")
                    metric.message(5) { gauge in gauge.message(1) { $0.double(4, Double(number)) } }
                }
            }
        }
        return record(.metrics, writer.bytes, receivedAt: receivedAt)
    }

    static func logs(_ number: Int, receivedAt: UInt64 = 1_000) -> IngestRecord {
        var writer = ProtobufWriter()
        writer.message(1) { resource in
            resource.message(2) { scope in
                scope.message(2) { log in log.message(5) { $0.string(1, "line \(number)") } }
            }
        }
        return record(.logs, writer.bytes, receivedAt: receivedAt)
    }

    static func record(
        _ kind: SignalKind, _ body: [UInt8], sender: SenderID? = nil, sequence: UInt64 = 0, receivedAt: UInt64
    ) -> IngestRecord {
        var scanner = TelemetryScanner(collectsTraces: true)
        do { try scanner.scan(body.span, as: kind) } catch { preconditionFailure("sample is malformed: \(error)") }
        return IngestRecord(
            kind: kind, sender: sender, sequence: sequence, receivedAt: receivedAt, body: body, runs: scanner.runs,
            services: scanner.services, items: scanner.items)
    }
}
