import OTLP
import TraceModel
import WireFormat

/// Small requests of each signal.
enum Requests {
    static func traces(_ number: Int, spans: Int = 1, text: String = "step") -> [UInt8] {
        OTLPSpanWriter.encode(
            (0..<spans).map { span in
                SpanValue(
                    traceID: TraceID(high: 1, low: UInt64(number + 1)), spanID: SpanID(value: UInt64(span + 1)),
                    name: "\(text) \(span)", startUnixNano: 5,
                    resource: ResourceValue([Attribute("service.name", .string("pay"))]),
                    scope: ScopeValue("test"))
            })
    }

    static func metrics(_ number: Int) -> [UInt8] {
        var writer = ProtobufWriter()
        writer.message(1) { resource in
            resource.message(2) { scope in
                scope.message(2) { metric in
                    metric.string(1, "metric \(number)")
                    metric.message(5) { gauge in gauge.message(1) { $0.double(4, Double(number) + 0.5) } }
                }
            }
        }
        return writer.bytes
    }

    static func logs(_ number: Int) -> [UInt8] {
        var writer = ProtobufWriter()
        writer.message(1) { resource in
            resource.message(2) { scope in
                scope.message(2) { log in
                    log.fixed64(1, 5)
                    log.message(5) { $0.string(1, "line \(number)") }
                }
            }
        }
        return writer.bytes
    }
}
