import TraceModel
import WireFormat

/// Makes OTLP requests.
enum Telemetry {
    /// One span for each trace that is named, with an id of its own.
    static func spans(of traces: [TraceID], service: String = "pay") -> [UInt8] {
        var writer = ProtobufWriter()
        writer.message(1) { resourceSpans in
            resource(service, &resourceSpans)
            resourceSpans.message(2) { scope in
                for (number, trace) in traces.enumerated() {
                    scope.message(2) { span in
                        span.bytes(1, trace.bytes)
                        span.bytes(2, [0, 0, 0, 0, 0, 1, UInt8(number >> 8 & 255), UInt8(number & 255)])
                        span.string(5, "span \(number)")
                    }
                }
            }
        }
        return writer.bytes
    }

    /// One data point.
    static func point(_ value: UInt64, service: String = "pay") -> [UInt8] {
        var writer = ProtobufWriter()
        writer.message(1) { resourceMetrics in
            resource(service, &resourceMetrics)
            resourceMetrics.message(2) { scope in
                scope.message(2) { metric in
                    metric.string(1, "requests")
                    metric.message(5) { gauge in gauge.message(1) { $0.fixed64(6, value) } }
                }
            }
        }
        return writer.bytes
    }

    private static func resource(_ service: String, _ writer: inout ProtobufWriter) {
        writer.message(1) { resource in
            resource.message(1) { attribute in
                attribute.string(1, "service.name")
                attribute.message(2) { $0.string(1, service) }
            }
        }
    }
}
