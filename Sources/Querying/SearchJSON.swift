import JSON
import QueryLanguage
import TraceAssembly
import TraceModel
import TraceSearch

enum SearchJSON {
    static func write(_ page: SearchPage, _ request: SearchRequest) -> [UInt8] {
        var writer = JSONWriter(capacity: 512 * page.traces.count + 512)
        writer.object { writer in
            writer.member("query", request.expression.description)
            writer.key("traces")
            writer.array { writer in
                for trace in page.traces { write(trace, to: &writer) }
            }
            writer.member("truncated", page.isTruncated)
            writer.member("complete", page.isComplete)
            if let stopped = page.stopped { writer.member("stoppedBy", stopped.rawValue) }
            if let cursor = page.cursor { writer.member("cursor", cursor.text) }
            writer.key("searched")
            write(page.figures, to: &writer)
        }
        return writer.bytes
    }

    static func write(_ trace: FoundTrace, to writer: inout JSONWriter) {
        writer.object { writer in
            writer.members(of: trace.summary)
            writer.member("matched", trace.unknownBecause == nil ? "yes" : "unknown")
            if let missing = trace.unknownBecause { writer.member("unknownBecause", missing.description) }
            writer.member("matchCount", trace.matchCount)
            writer.key("matches")
            writer.array { writer in
                for id in trace.matches { writer.string(id.description) }
            }
            writer.member("newestMatch", text: trace.key.start)
            if trace.hasMoreMatches { writer.member("moreMatches", true) }
            if trace.isPart { writer.member("truncated", true) }
            if let mini = trace.mini { writer.member(mini) }
        }
    }

    private static func write(_ figures: SearchFigures, to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("frames", figures.frames)
            writer.member("framesToRead", figures.framesToRead)
            writer.member("framesRead", figures.framesRead)
            writer.member("framesLeftOut", figures.framesLeftOut)
            writer.member("tracesRead", figures.tracesRead)
            writer.member("bytesRead", figures.bytesRead)
            if figures.unreadableFrames > 0 { writer.member("unreadableFrames", figures.unreadableFrames) }
            if let time = figures.searchedBackTo { writer.member("backTo", text: time) }
            writer.member("durationNs", figures.nanoseconds)
        }
    }
}
