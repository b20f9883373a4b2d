package import Access
import JSON
import TLS
package import TraceModel

/// What is kept of an erasure: what was asked for, by whom and when, and what came of it. Of the traces there is only a digest:
/// who has a list of them can prove that it is this one, and nobody can make it from the receipt.
package struct EraseReceipt: Sendable {
    package enum State: String, Sendable {
        case running
        case done
        case failed
        /// The program ended before it did.
        case interrupted
    }

    package let id: String
    package let request: EraseRequest
    package let startedAt: UTCSecond
    package var state = State.running
    package var progress = EraseProgress.searching(traces: 0)
    package var finishedAt: UTCSecond?
    package var result: EraseResult?
    package var failure: String?

    package init(id: String, request: EraseRequest, startedAt: UTCSecond) {
        self.id = id
        self.request = request
        self.startedAt = startedAt
    }

    /// The JSON of a receipt as its file has it when no erasure is under way: one that says so was cut short.
    package static func whenNobodyWorks(_ json: [UInt8]) -> [UInt8] {
        let (running, ended) = (Array("\"state\":\"running\"".utf8), Array("\"state\":\"interrupted\"".utf8))
        // Quotes in what people wrote are escaped, so this is found nowhere else.
        guard let start = json.indices.first(where: { json[$0...].starts(with: running) }) else { return json }
        return json[..<start] + ended + json[(start + running.count)...]
    }

    /// 32 hexadecimal digits.
    package static func freshID() -> String {
        "\(TraceID(high: UInt64.random(in: .min ... .max), low: UInt64.random(in: .min ... .max)))"
    }

    package static func isID(_ text: some StringProtocol) -> Bool {
        text.utf8.count == 32
            && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }

    /// SHA-256 of the ids in rising order, each as 32 hexadecimal digits and a line feed: `sort ids | sha256sum`.
    package static func digest(_ traces: [TraceID]) -> String {
        var text: [UInt8] = []
        text.reserveCapacity(traces.count * 33)
        for trace in traces {
            text.append(contentsOf: "\(trace)".utf8)
            text.append(0x0A)
        }
        return sha256(text).map { byte in
            let digits = String(byte, radix: 16)
            return digits.utf8.count == 1 ? "0" + digits : digits
        }.joined()
    }

    package var json: [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("id", id)
            writer.member("state", state.rawValue)
            writer.member("query", request.query)
            if request.started.lowerBound > 0 { writer.member("from", text: request.started.lowerBound) }
            if request.started.upperBound < .max { writer.member("to", text: request.started.upperBound) }
            writer.member("what", request.extent.rawValue)
            writer.member("dryRun", request.isDryRun)
            writer.member("includeUnknown", request.includesUnknown)
            writer.member("by", request.by)
            if let tenant = request.tenant { writer.member("tenant", tenant) }
            writer.member("startedAt", startedAt.description)
            if let finishedAt { writer.member("finishedAt", finishedAt.description) }
            if state == .running { write(progress, to: &writer) }
            if let failure { writer.member("error", failure) }
            if let result { write(result, to: &writer) }
        }
        return writer.bytes + [0x0A]
    }

    private func write(_ progress: EraseProgress, to writer: inout JSONWriter) {
        writer.key("progress")
        writer.object { writer in
            switch progress {
            case .searching(let traces):
                writer.member("phase", "searching")
                writer.member("traces", traces)
            case .rewriting(let done, let all):
                writer.member("phase", "rewriting")
                writer.member("segmentsDone", done)
                writer.member("segments", all)
            case .verifying: writer.member("phase", "verifying")
            }
        }
    }

    private func write(_ result: EraseResult, to writer: inout JSONWriter) {
        writer.member("traces", result.traces.count)
        writer.member("spans", result.spans)
        writer.member("unknown", result.unknown)
        writer.member("traceIdsSHA256", Self.digest(result.traces))
        writer.key("segments")
        writer.array { writer in
            for segment in result.segments {
                writer.object { writer in
                    writer.member("segment", Int(segment.number))
                    writer.member("traces", segment.traces)
                    if let spans = segment.spans { writer.member("spans", spans) }
                    if segment.isGone { writer.member("deleted", true) }
                }
            }
        }
        writer.member("quarantinedFiles", result.quarantinedFiles)
        writer.member("unreadableFrames", result.unreadableFrames)
        writer.member("leftBehind", result.isLeftBehind)
        if let isVerified = result.isVerified { writer.member("verified", isVerified) }
    }
}
