import CHMSProto
import CProtobufC
import TraceModel
import WireFormat

/// What protobuf-c makes of a request. It has no limit of depth and needs up to 124 times the message's size, so messages
/// here are too short to nest dangerously deep, and memory comes from an arena with a cap.
struct ProtobufCOracle: Equatable {
    /// An array in an array takes six bytes a level; 1,400 levels fit into a part of a thread's 8 MiB stack.
    static let maximumBytes = 8192

    var items = 0
    var refused = 0
    var runs: [TraceRun] = []

    typealias Descriptor = UnsafePointer<ProtobufCMessageDescriptor>
    private typealias Traces = Opentelemetry__Proto__Collector__Trace__V1__ExportTraceServiceRequest
    private typealias Metrics = Opentelemetry__Proto__Collector__Metrics__V1__ExportMetricsServiceRequest
    private typealias Logs = Opentelemetry__Proto__Collector__Logs__V1__ExportLogsServiceRequest
    private typealias Span = Opentelemetry__Proto__Trace__V1__Span

    /// The generated descriptor, a constant; a message's initialiser fills it in.
    static func descriptor(_ kind: SignalKind) -> Descriptor {
        switch kind {
        case .traces:
            var message = Traces()
            opentelemetry__proto__collector__trace__v1__export_trace_service_request__init(&message)
            return message.base.descriptor
        case .metrics:
            var message = Metrics()
            opentelemetry__proto__collector__metrics__v1__export_metrics_service_request__init(&message)
            return message.base.descriptor
        case .logs:
            var message = Logs()
            opentelemetry__proto__collector__logs__v1__export_logs_service_request__init(&message)
            return message.base.descriptor
        }
    }

    /// Nil if protobuf-c refuses the bytes.
    static func decode(_ bytes: [UInt8], _ kind: SignalKind) -> ProtobufCOracle? {
        precondition(bytes.count <= maximumBytes, "\(bytes.count) bytes may nest too deep for protobuf-c")
        let arena = Arena(capacity: 128 * bytes.count + 65536)
        return arena.withAllocator { allocator in
            let message = protobuf_c_message_unpack(descriptor(kind), allocator, bytes.count, bytes)
            precondition(!arena.isExhausted, "the arena's cap is too low")
            guard let message else { return nil }
            var result = ProtobufCOracle()
            // The descriptor it was unpacked with says which of the three it is.
            switch kind {
            case .traces: message.withMemoryRebound(to: Traces.self, capacity: 1) { result.count($0.pointee) }
            case .metrics: message.withMemoryRebound(to: Metrics.self, capacity: 1) { result.count($0.pointee) }
            case .logs: message.withMemoryRebound(to: Logs.self, capacity: 1) { result.count($0.pointee) }
            }
            return result
        }
    }

    private mutating func count(_ request: Traces) {
        for resource in elements(request.resource_spans, request.n_resource_spans) {
            for scope in elements(resource.scope_spans, resource.n_scope_spans) {
                for span in elements(scope.spans, scope.n_spans) { add(span) }
            }
        }
    }

    private mutating func add(_ span: Span) {
        let trace = array(span.trace_id)
        let id = array(span.span_id)
        let links = elements(span.links, span.n_links)
        guard trace.count == 16, id.count == 8, [0, 8].contains(span.parent_span_id.len),
            links.allSatisfy({ [0, 16].contains($0.trace_id.len) && [0, 8].contains($0.span_id.len) }),
            trace.contains(where: { $0 != 0 }), id.contains(where: { $0 != 0 })
        else {
            refused += 1
            return
        }
        items += 1
        let high = trace.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        let low = trace.suffix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        let traceID = TraceID(high: high, low: low)
        if runs.last?.traceID == traceID {
            runs[runs.count - 1].spans += 1
        } else {
            runs.append(TraceRun(traceID: traceID, spans: 1))
        }
    }

    private mutating func count(_ request: Metrics) {
        for resource in elements(request.resource_metrics, request.n_resource_metrics) {
            for scope in elements(resource.scope_metrics, resource.n_scope_metrics) {
                for metric in elements(scope.metrics, scope.n_metrics) {
                    // Which member of the oneof is set decides which pointer is read.
                    switch metric.data_case {
                    case OPENTELEMETRY__PROTO__METRICS__V1__METRIC__DATA_GAUGE:
                        items += metric.gauge.pointee.n_data_points
                    case OPENTELEMETRY__PROTO__METRICS__V1__METRIC__DATA_SUM:
                        items += metric.sum.pointee.n_data_points
                    case OPENTELEMETRY__PROTO__METRICS__V1__METRIC__DATA_HISTOGRAM:
                        items += metric.histogram.pointee.n_data_points
                    case OPENTELEMETRY__PROTO__METRICS__V1__METRIC__DATA_EXPONENTIAL_HISTOGRAM:
                        items += metric.exponential_histogram.pointee.n_data_points
                    case OPENTELEMETRY__PROTO__METRICS__V1__METRIC__DATA_SUMMARY:
                        items += metric.summary.pointee.n_data_points
                    default: break
                    }
                }
            }
        }
    }

    private mutating func count(_ request: Logs) {
        for resource in elements(request.resource_logs, request.n_resource_logs) {
            for scope in elements(resource.scope_logs, resource.n_scope_logs) { items += scope.n_log_records }
        }
    }

    private func elements<Element>(
        _ pointers: UnsafeMutablePointer<UnsafeMutablePointer<Element>?>?, _ count: Int
    ) -> [Element] {
        // protobuf-c fills the array up to its count.
        (0..<count).map { pointers![$0]!.pointee }
    }

    private func array(_ data: ProtobufCBinaryData) -> [UInt8] {
        Array(UnsafeBufferPointer(start: data.data, count: data.len))
    }
}
