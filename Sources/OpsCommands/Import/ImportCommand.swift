import EventLoop
import HTTP
import OTLPDelivery
import OTLPFiles
import WireFormat

/// `hms-ops import FILE…`: sends what files hold to a collector or sidecar.
enum ImportCommand {
    static let command = Command(
        CommandSpec(
            "import", "send the traces, metrics and logs of files to a collector; repeated, it stores nothing twice",
            arguments: [
                ArgumentSpec(
                    "FILE",
                    "OTLP as JSON lines or protobuf, Jaeger's or Zipkin's JSON, plain, .gz or .zst; "
                        + "- is standard input", repeats: true, candidates: .files)
            ],
            options: [
                .value("target", "ADDRESS", "the OTLP door of a collector or sidecar", standard: "127.0.0.1:14317"),
                .value(
                    "format", "FORMAT", "what the files hold, where their first bytes do not tell",
                    candidates: .words(TelemetryFormat.allCases.map(\.rawValue))),
                .value(
                    "signal", "SIGNAL", "what protobuf files are about, where their content does not tell",
                    candidates: .words(SignalKind.allCases.map { "\($0)" })),
                .value(
                    "protocol", "PROTOCOL", "how to send; hms stores each batch once", standard: "hms",
                    candidates: .words(CollectorDialect.allCases.map(\.rawValue))),
                .value("patience", "SECONDS", "how long to wait for a target that takes nothing", standard: "60"),
                .flag("json", "print one JSON line"),
            ] + CollectorAPI.securityOptions,
            examples: [
                ("hms-ops import traces.jsonl.zst", "what `hms-ops export` or a file exporter wrote"),
                ("hms-ops import day-*.json --format jaeger", "what Jaeger gave out"),
            ]), run: run)

    private static func run(_ arguments: ParsedArguments, _ terminal: Terminal) throws(OpsError) -> ExitCode {
        let session = try ImportSession(arguments, terminal)
        for file in arguments.arguments {
            try session.add(file)
            if session.report.failure != nil { break }
        }
        let report = session.finish()
        terminal.write(arguments.has("json") ? report.json() + "\n" : report.text(style: terminal.output))
        return report.exitCode
    }
}

/// One run of the import: a loop, and one connection for all files.
private final class ImportSession {
    private(set) var report = ImportReport()
    private let terminal: Terminal
    private let progress: ProgressLine
    private let loop: EventLoop
    private let target: CollectorAPI
    private let dialect: CollectorDialect
    private let patience: Int
    private let format: TelemetryFormat?
    private let signal: SignalKind?
    private let start = MonotonicTime.now()
    /// Messages about single requests are cut off after so many.
    private static let mostFaultsTold = 20

    init(_ arguments: ParsedArguments, _ terminal: Terminal) throws(OpsError) {
        self.terminal = terminal
        progress = ProgressLine(terminal)
        target = try CollectorAPI(arguments.value("target") ?? "", option: "--target", arguments)
        dialect = arguments.value("protocol").flatMap { CollectorDialect(rawValue: $0) } ?? .hms
        format = arguments.value("format").flatMap { TelemetryFormat(rawValue: $0) }
        signal = SignalKind.allCases.first { "\($0)" == arguments.value("signal") }
        do {
            patience = try arguments.integer("patience", in: 0...86_400) ?? 60
        } catch {
            throw .usage(error)
        }
        do {
            loop = try EventLoop()
        } catch {
            throw .noLoop(error)
        }
    }

    func finish() -> ImportReport {
        progress.clear()
        report.seconds = Double((MonotonicTime.now() - start).wholeNanoseconds) / 1e9
        return report
    }

    func add(_ file: String) throws(OpsError) {
        do throws(OTLPFileError) {
            let isPipe = file == "-"
            let format = try chosenFormat(of: file)
            let identity =
                isPipe ? .random() : try FileIdentity(of: ByteSource(file), cut: "\(ImportBatches.cut), \(format)")
            let source = try ByteSource(file)
            send(try batches(of: source, format), from: identity.sender, source)
        } catch {
            throw .telemetryFile(error)
        }
    }

    private func chosenFormat(of file: String) throws(OTLPFileError) -> TelemetryFormat {
        if let format { return format }
        // A pipe can be read once, so it is not looked into beforehand.
        return file == "-" ? .otlpJSON : try OTLPFileReader.format(of: file)
    }

    private func batches(_ source: ByteSource, _ next: @escaping () throws(OTLPFileError) -> OTLPFileRecord?)
        -> ImportBatches
    {
        ImportBatches(path: source.path, onFault: { [unowned self] in tell($0) }, next)
    }

    private func batches(of source: ByteSource, _ format: TelemetryFormat) throws(OTLPFileError) -> ImportBatches {
        switch format {
        case .otlpJSON, .otlpProtobuf:
            let reader = OTLPFileReader(source, format: format, signal: signal)
            return batches(source) { () throws(OTLPFileError) in try reader.next() }
        case .jaegerJSON, .zipkinJSON:
            var file = try ForeignFile(source, format: format)
            return batches(source) { () throws(OTLPFileError) in file.next() }
        }
    }

    private func tell(_ fault: OTLPFileError) {
        report.faults += 1
        guard report.faults <= Self.mostFaultsTold else { return }
        progress.clear()
        terminal.remark("\(terminal.remarks.red("not imported:")) \(fault.description.withoutControls)\n")
        if report.faults == Self.mostFaultsTold { terminal.remark("further ones are counted, not told\n") }
    }

    private func send(_ batches: ImportBatches, from sender: String, _ source: ByteSource) {
        let courier = makeCourier(sender)
        defer { courier.close() }
        var isAtEnd = false
        while report.failure == nil, !isAtEnd || !courier.isIdle {
            while !isAtEnd, courier.hasRoom {
                guard let batch = batches.nextBatch() else {
                    isAtEnd = true
                    break
                }
                report.bytes += batch.message.count
                courier.send(batch)
            }
            guard !isAtEnd || !courier.isIdle else { break }
            loop.runOnce(timeout: .milliseconds(200))
            progress.show { progressText(source, courier) }
        }
    }

    private func makeCourier(_ sender: String) -> BatchCourier {
        var options = BatchCourier.Options()
        options.dialect = dialect
        options.encoding = dialect == .hms ? .zstd : .gzip
        options.sender = sender
        options.patience = .seconds(patience)
        options.fatalStatuses = [401, 403, 404, 405]
        let headers = target.headers.fields.map { ($0.name, $0.value) }
        options.headers = { headers }
        var clientOptions = HTTPClientOptions()
        clientOptions.failsWhenConnectFails = true
        clientOptions.maxResponseBytes = 1 << 20
        let client: any RequestSender =
            dialect == .http
            ? HTTP1Client(loop: loop, endpoint: target.endpoint, options: clientOptions)
            : HTTPClient(loop: loop, endpoint: target.endpoint, options: clientOptions)
        return BatchCourier(loop: loop, client: client, options: options) { [unowned self] batch, outcome in
            report.count(batch, outcome)
            guard case .refused(let reason) = outcome else { return }
            progress.clear()
            terminal.remark(
                "\(terminal.remarks.red("refused:")) a batch of \(batch.items) \(batch.kind.itemName): "
                    + "\(reason.withoutControls)\n")
        }
    }

    private func progressText(_ source: ByteSource, _ courier: BatchCourier) -> String {
        let items = report.items.values.reduce(0) { $0 + $1.taken }
        let part = source.fileSize.map { $0 > 0 ? " \(min(100, source.bytesRead * 100 / $0)) %," : "" } ?? ""
        let waits = courier.troubledSince == nil ? "" : ", the target takes nothing at the moment"
        return "\(source.path):\(part) \(items) items taken\(waits)"
    }
}
