import JSON
import TraceAssembly
import TraceModel

/// What the list of recent traces says about one.
struct RecentTrace {
    let summary: TraceSummary
    /// Nanoseconds of the critical path that belong to spans of each latency step.
    let criticalByStep: [UInt64]
    let slowest: TraceNode?
    let mini: MiniWaterfall
    /// Only the part of the trace that came first was read.
    let isTruncated: Bool

    init(_ trace: AssembledTrace, isTruncated: Bool) {
        self.isTruncated = isTruncated
        summary = trace.summary
        var byStep = Array(repeating: UInt64(0), count: LatencyStep.allCases.count)
        for node in trace.nodes { byStep[Int(node.latencyStep.rawValue)] += node.criticalTime }
        criticalByStep = byStep
        mini = MiniWaterfall(trace)
        slowest = trace.slowest(limit: 1).first.map { trace.nodes[$0] }
    }
}

enum RecentJSON {
    static func write(_ traces: [RecentTrace], isTruncated: Bool) -> [UInt8] {
        var writer = JSONWriter(capacity: 512 * traces.count + 64)
        writer.object { writer in
            writer.key("traces")
            writer.array { writer in
                for trace in traces { write(trace, to: &writer) }
            }
            writer.member("truncated", isTruncated)
        }
        return writer.bytes
    }

    private static func write(_ trace: RecentTrace, to writer: inout JSONWriter) {
        writer.object { writer in
            writer.members(of: trace.summary)
            writer.key("criticalByStep")
            writer.array { writer in
                for time in trace.criticalByStep { writer.number(time) }
            }
            if trace.isTruncated { writer.member("truncated", true) }
            if let slowest = trace.slowest {
                writer.key("slowest")
                writer.object { writer in
                    writer.member("spanId", slowest.spanID.description)
                    writer.member("service", slowest.serviceName)
                    writer.member("name", slowest.name)
                    writer.member("criticalNs", slowest.criticalTime)
                    writer.member("latency_step", Int(slowest.latencyStep.rawValue))
                }
            }
            writer.member(trace.mini)
        }
    }
}

enum ServicesJSON {
    static func write(_ services: [ServiceUsage]) -> [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.key("services")
            writer.array { writer in
                for service in services {
                    writer.object { writer in
                        writer.member("name", service.name)
                        writer.member("spans", service.spans)
                        writer.member("lastSeen", text: service.lastSeen)
                    }
                }
            }
        }
        return writer.bytes
    }
}
