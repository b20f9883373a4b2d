import JSON
import TraceAssembly
import TraceModel

extension JSONWriter {
    /// What a list of traces says of each of them, whatever the list is of.
    mutating func members(of summary: TraceSummary) {
        member("traceId", summary.traceID.description)
        member("rootService", summary.rootService)
        member("rootName", summary.rootName)
        member("start", text: summary.start)
        member("durationNs", summary.duration)
        member("spanCount", summary.spanCount)
        member("errorCount", summary.errorCount)
        member("missingCount", summary.missingCount)
        key("services")
        array { writer in
            for share in summary.services.prefix(20) { writer.string(share.name) }
        }
        member("serviceCount", summary.services.count)
    }

    mutating func member(_ mini: MiniWaterfall) {
        key("mini")
        array { writer in
            for bar in mini.bars {
                writer.array { writer in
                    writer.number(Int(bar.offset))
                    writer.number(Int(bar.width))
                    writer.number(Int(bar.step.rawValue))
                    writer.number(bar.isError ? 1 : 0)
                }
            }
        }
    }
}
