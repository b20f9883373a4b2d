import EventLoop
import Files
import Glibc
import HTTP
import JSON
import OTLP
import OTLPFiles
import TraceModel
import WireFormat

/// One run of the export. Traces are fetched several at a time and written in the order of the pages; behind each page the
/// file is made durable and the place noted.
final class ExportSession {
    /// A request in the file is about this large, so that whoever imports it has no line too long to take.
    private static let requestBytes = 1 << 20
    private static let fetchesAtOnce = 4

    private let plan: ExportPlan
    private let api: CollectorAPI
    private let terminal: Terminal
    private let loop: EventLoop
    private let fetcher: PathFetcher
    private let writer: OTLPFileWriter
    private let line: ProgressLine
    private var progress: ExportProgress

    private var isResumable: Bool { plan.output != "-" }
    private var partialPath: String { plan.output + ".partial" }
    private var progressPath: String { plan.output + ".progress" }

    init(_ plan: ExportPlan, _ api: CollectorAPI, _ terminal: Terminal) throws(OpsError) {
        self.plan = plan
        self.api = api
        self.terminal = terminal
        line = ProgressLine(terminal)
        do {
            loop = try EventLoop()
        } catch {
            throw .noLoop(error)
        }
        fetcher = PathFetcher(api, loop: loop, patience: plan.patience)
        var progress = ExportProgress(question: plan.question)
        let isFile = plan.output != "-"
        if isFile, let earlier = ExportProgress.load(plan.output + ".progress", question: plan.question) {
            progress = earlier
            terminal.remark("Going on behind \(earlier.traces) traces that an earlier run has written.\n")
        }
        self.progress = progress
        do {
            writer = try OTLPFileWriter(
                isFile ? plan.output + ".partial" : "-", format: plan.format,
                encoding: OTLPFileWriter.encoding(of: plan.output), keeping: progress.bytes)
        } catch {
            throw .telemetryFile(error)
        }
    }

    func run() throws(OpsError) -> ExitCode {
        defer {
            line.clear()
            fetcher.close()
        }
        var isAtEnd = false
        while !isAtEnd, progress.traces + progress.gone < plan.limit {
            let page = try nextPage()
            try write(page.traces)
            if !page.isComplete { progress.incomplete += 1 }
            progress.cursor = page.cursor
            isAtEnd = page.cursor == nil
            try keepProgress()
            // What was not read may hold more: an export that is silent about it would be taken for whole.
            if isAtEnd, !page.isComplete {
                throw .malformedAnswer(
                    address: api.address, path: "/api/v1/search",
                    reason: "the search gave up and names no place to go on from; narrow it with --from and --to")
            }
        }
        try finish()
        return tell()
    }

    // MARK: pages

    private func nextPage() throws(OpsError) -> SearchPage {
        let left = plan.limit - progress.traces - progress.gone
        guard let search = plan.search else { return pageOfGiven(left) }
        let path = search.path(cursor: progress.cursor)
        let answer = try fetcher.wait(path, accept: "application/json")
        guard answer.status == 200 else {
            throw .refused(
                address: api.address, status: answer.status,
                body: "there is no search; is the collector of another version?")
        }
        let json: JSONValue
        do {
            json = try JSONParser.parse(answer.body, duplicateKeys: .keepFirst)
        } catch {
            throw .malformedAnswer(address: api.address, path: path, reason: "\(error)")
        }
        guard var page = SearchPage(json) else {
            throw .malformedAnswer(address: api.address, path: path, reason: "it is no page of a search")
        }
        if page.traces.count > left { page.traces = Array(page.traces.prefix(left)) }
        return page
    }

    /// Given traces in pages as well, so that a long list goes on where it was.
    private func pageOfGiven(_ left: Int) -> SearchPage {
        let start = min(progress.cursor.flatMap { Int($0) } ?? 0, plan.traces.count)
        let end = min(start + min(100, left), plan.traces.count)
        return SearchPage(
            traces: Array(plan.traces[start..<end]), cursor: end < plan.traces.count ? String(end) : nil)
    }

    // MARK: traces

    private func write(_ traces: [TraceID]) throws(OpsError) {
        var answers: [Int: Result<HTTPClientResponse, OpsError>] = [:]
        var asked = 0
        var written = 0
        while written < traces.count {
            // What was fetched and waits for one before it counts too, so that it is bounded.
            while asked < traces.count, asked - written < Self.fetchesAtOnce {
                let index = asked
                asked += 1
                fetcher.get("/api/v1/traces/\(traces[index])?format=otlp", accept: "application/x-protobuf") {
                    answers[index] = $0
                }
            }
            if let answer = answers.removeValue(forKey: written) {
                try write(traces[written], try answer.get())
                written += 1
                line.show { "\(progress.traces) traces, \(progress.spans) spans, \(writer.length >> 20) MiB" }
            } else {
                loop.runOnce(timeout: nil)
            }
        }
    }

    private func write(_ id: TraceID, _ answer: HTTPClientResponse) throws(OpsError) {
        guard answer.status == 200 else {
            progress.gone += 1
            if plan.search == nil {
                line.clear()
                terminal.remark("the collector at \(api.address) has no trace \(id)\n")
            }
            return
        }
        if answer.headers["x-hms-truncated"] != nil {
            progress.truncated += 1
            line.clear()
            terminal.remark("trace \(id) is too large to be read whole; the part that came first is exported\n")
        }
        let requests: [[UInt8]]
        do throws(WireError) {
            let trace = try CanonicalTrace(answer.body)
            progress.spans += trace.spanCount
            requests = try trace.requests(maxBytes: Self.requestBytes)
        } catch {
            throw .malformedTrace(id, error)
        }
        progress.traces += 1
        do throws(OTLPFileError) {
            for request in requests { try writer.append(request, .traces) }
        } catch {
            throw .telemetryFile(error)
        }
    }

    // MARK: the file

    private func keepProgress() throws(OpsError) {
        do throws(OTLPFileError) {
            progress.bytes = try writer.flush(durably: isResumable)
        } catch {
            throw .telemetryFile(error)
        }
        guard isResumable else { return }
        do throws(StorageFailure) {
            try progress.save(progressPath)
        } catch {
            throw .file(error.path, operation: "write", code: error.code)
        }
    }

    private func finish() throws(OpsError) {
        guard isResumable else { return }
        guard rename(partialPath, plan.output) == 0 else {
            throw .file(plan.output, operation: "give the finished file the name", code: errno)
        }
        unlink(progressPath)
    }

    private func tell() -> ExitCode {
        line.clear()
        var text = "\(progress.traces) traces with \(progress.spans) spans, \(progress.bytes) bytes"
        if progress.gone > 0 { text += "; \(progress.gone) were not there any more" }
        if progress.truncated > 0 { text += "; of \(progress.truncated) only a part" }
        if progress.incomplete > 0 { text += "; the search gave up on \(progress.incomplete) pages before their end" }
        terminal.remark(text + "\n")
        return progress.gone == 0 && progress.truncated == 0 && progress.incomplete == 0 ? .success : .negative
    }
}
