import JSON
import TraceSearch

/// What a tail says, as server-sent events.
package enum TailEvent {
    /// Goes before everything else: when to come again after the connection was lost.
    package static let beginning = Array("retry: 2000\n\n".utf8)
    package static let heartbeat = Array(": alive\n\n".utf8)

    /// How many new traces were looked at for this tail, and how many traces or events were left out.
    package static func state(seen: UInt64, dropped: UInt64) -> [UInt8] {
        event("state") { writer in
            writer.object { writer in
                writer.member("seen", seen)
                writer.member("dropped", dropped)
            }
        }
    }

    static func trace(_ trace: FoundTrace) -> [UInt8] { event("trace") { SearchJSON.write(trace, to: &$0) } }

    /// JSON has no line breaks, so it is one line of data.
    private static func event(_ name: String, _ write: (inout JSONWriter) -> Void) -> [UInt8] {
        var writer = JSONWriter(capacity: 1024)
        write(&writer)
        return Array("event: \(name)\ndata: ".utf8) + writer.bytes + Array("\n\n".utf8)
    }
}
