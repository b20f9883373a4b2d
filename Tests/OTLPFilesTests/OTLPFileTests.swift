import Compression
import OTLP
import StorageTesting
import Testing
import WireFormat

@testable import OTLPFiles

@Suite struct OTLPFileTests {
    private let directory = TemporaryDirectory()

    private func path(_ name: String) -> String { directory.path + "/" + name }

    private func read(_ name: String, signal: SignalKind? = nil, limit: Int = OTLPFileReader.maximumValueBytes) throws
        -> [(SignalKind, [UInt8])]
    {
        let format = try OTLPFileReader.format(of: path(name))
        let reader = OTLPFileReader(try ByteSource(path(name)), format: format, signal: signal, limit: limit)
        var found: [(SignalKind, [UInt8])] = []
        while let record = try reader.next() { found.append((record.kind, record.message)) }
        return found
    }

    @Test(
        "What is written is read back, in both formats and plain, gzip and zstd",
        arguments: OTLPFileWriter.Format.allCases, ["", ".gz", ".zst"])
    func roundTrip(format: OTLPFileWriter.Format, ending: String) throws {
        let name = "file" + ending
        let writer = try OTLPFileWriter(path(name), format: format, encoding: OTLPFileWriter.encoding(of: name))
        var expected: [(SignalKind, [UInt8])] = []
        // Over several compressed blocks.
        for number in 0..<30 {
            expected.append((.traces, Requests.traces(number, spans: 2_000)))
            expected.append((.metrics, Requests.metrics(number)))
            expected.append((.logs, Requests.logs(number)))
        }
        for (kind, message) in expected { try writer.append(message, kind) }
        let length = try writer.flush(durably: true)
        #expect(directory.bytes(name).count == length)
        let found = try read(name)
        #expect(found.map(\.0) == expected.map(\.0))
        #expect(found.map(\.1) == expected.map(\.1))
    }

    @Test("A file cut to a length that flush told is whole, and goes on from there", arguments: ["", ".gz", ".zst"])
    func goesOn(ending: String) throws {
        let name = "file" + ending
        let encoding = OTLPFileWriter.encoding(of: name)
        let first = try OTLPFileWriter(path(name), format: .jsonl, encoding: encoding)
        try first.append(Requests.traces(1), .traces)
        let length = try first.flush()
        try first.append(Requests.traces(2), .traces)
        _ = try first.flush()
        let second = try OTLPFileWriter(path(name), format: .jsonl, encoding: encoding, keeping: length)
        try second.append(Requests.traces(3), .traces)
        _ = try second.flush()
        #expect(try read(name).map(\.1) == [Requests.traces(1), Requests.traces(3)])
    }

    @Test("Unknown fields survive in both formats", arguments: OTLPFileWriter.Format.allCases)
    func unknownFields(format: OTLPFileWriter.Format) throws {
        var message = ProtobufWriter()
        message.append(Requests.traces(1).span)
        message.string(700, "from the future")
        let writer = try OTLPFileWriter(path("file"), format: format, encoding: .identity)
        try writer.append(message.bytes, .traces)
        _ = try writer.flush()
        #expect(try read("file").map(\.1) == [message.bytes])
    }

    @Test("A bare protobuf request is a file as well; signals are told by their content")
    func bareRequests() throws {
        for (kind, message) in [
            (SignalKind.traces, Requests.traces(1)), (.metrics, Requests.metrics(1)), (.logs, Requests.logs(1)),
        ] {
            directory.write(message, to: "file")
            let found = try read("file")
            #expect(found.map(\.0) == [kind])
            #expect(found.map(\.1) == [message])
        }
        directory.write(Requests.metrics(1), to: "file")
        #expect(try read("file", signal: .metrics).map(\.0) == [.metrics])
    }

    @Test("A delimited message of ten bytes is not taken for a bare request, nor the other way")
    func tenBytes() throws {
        // ResourceSpans with a schema URL of six bytes: 0A 08 1A 06 …
        let ten: [UInt8] = [0x0A, 8, 0x1A, 6] + Array("abcdef".utf8)
        directory.write([10] + ten, to: "delimited")
        #expect(try read("delimited", signal: .traces).map(\.1) == [ten])
        let bare: [UInt8] = [0x0A, 10, 0x1A, 8] + Array("abcdefgh".utf8)
        directory.write(bare, to: "bare")
        #expect(try read("bare", signal: .traces).map(\.1) == [bare])
    }

    @Test("JSON requests may be spread over lines, share a line, and hold several signals; blank lines are nothing")
    func looseJSON() throws {
        let trace = String(
            decoding: try OTLPJSON.json(fromProtobuf: Requests.traces(1), kind: .traces, pretty: true), as: UTF8.self)
        let log = String(decoding: try OTLPJSON.json(fromProtobuf: Requests.logs(1), kind: .logs), as: UTF8.self)
        let both = "{" + trace.dropFirst().dropLast() + "," + log.dropFirst()
        directory.write(Array("\n\n\(trace)\n\(log)\(log)\r\n \(both)\n{}\n".utf8), to: "file")
        let found = try read("file")
        #expect(found.map(\.0) == [.traces, .logs, .logs, .traces, .logs])
        #expect(found.map(\.1) == [1, 2, 2, 1, 2].map { $0 == 1 ? Requests.traces(1) : Requests.logs(1) })
    }

    @Test("A request that is wrong is told with file and line, and those after it are read")
    func goesOnBehindFaults() throws {
        let good = try OTLPJSON.json(fromProtobuf: Requests.traces(1), kind: .traces)
        let bad = Array("{\"resourceSpans\":[{\"scopeSpans\":3}]}".utf8)
        directory.write(good + [10] + bad + [10] + Array("nonsense, } and {\n".utf8) + good + [10], to: "file")
        let reader = OTLPFileReader(try ByteSource(path("file")), format: .otlpJSON)
        #expect(try reader.next()?.place == .line(1))
        let wrong = #expect(throws: OTLPFileError.self) { try reader.next() }
        #expect(
            wrong?.description
                == path("file") + ":2: resourceSpans[0].scopeSpans at byte 32: found a number, expected an array")
        let nonsense = #expect(throws: OTLPFileError.self) { try reader.next() }
        #expect(
            nonsense?.description
                == path("file") + ":3: expected an object with resourceSpans, resourceMetrics or resourceLogs")
        #expect(try reader.next()?.place == .line(4))
        #expect(try reader.next() == nil)
    }

    @Test("A file that ends inside a request names where that began, in each format and packing")
    func cutFiles() throws {
        let json = try OTLPJSON.json(fromProtobuf: Requests.traces(1), kind: .traces)
        directory.write(json + [10] + json.dropLast(), to: "json")
        let first = Requests.traces(1)
        directory.write([UInt8(first.count)] + first + [UInt8(first.count)] + first.dropLast(), to: "protobuf")
        for (name, place) in [("json", ":2"), ("protobuf", " at byte \(first.count + 1)")] {
            let error = #expect(throws: OTLPFileError.self) { try read(name) }
            #expect(
                error?.description
                    == path(name) + place
                    + ": the file ends inside the value that begins here; was it written to its end?")
        }
        for encoding in [ContentEncoding.gzip, .zstd] {
            let writer = try OTLPFileWriter(path("packed"), format: .jsonl, encoding: encoding)
            try writer.append(first, .traces)
            _ = try writer.flush()
            directory.change("packed") { $0.removeLast(3) }
            let error = #expect(throws: OTLPFileError.self) { try read("packed") }
            #expect(error?.description == path("packed") + ": \(encoding) body ends early")
        }
    }

    @Test("A request over the limit is refused before it is in memory")
    func limits() throws {
        let json = try OTLPJSON.json(fromProtobuf: Requests.traces(1, spans: 50_000), kind: .traces)
        directory.write(json, to: "json")
        let error = #expect(throws: OTLPFileError.self) { try read("json", limit: 1 << 20) }
        #expect(
            error?.description == path("json")
                + ":1: the value that begins here is over 1048576 bytes; write smaller requests")
        directory.write([0xFF, 0xFF, 0xFF, 0xFF, 0x7F, 0x0A], to: "protobuf")
        let claimed = #expect(throws: OTLPFileError.self) { try read("protobuf") }
        #expect(
            claimed?.description == path("protobuf")
                + " at byte 0: the value that begins here is over 268435456 bytes; write smaller requests")
    }

    @Test(
        "Formats are told by the first bytes",
        arguments: [
            ("", TelemetryFormat.otlpJSON), ("{}", .otlpJSON), (" \n{\"resourceSpans\":[", .otlpJSON),
            ("{\"other\":{\"data\":1},\"resource_logs\":[]}", .otlpJSON),
            ("{\"data\":[{\"traceID\":\"1\"", .jaegerJSON),
            ("{\"traceID\":\"1\",\"spans\":[]", .jaegerJSON), ("[{\"id\":\"1\",\"traceId\":\"2\"", .zipkinJSON),
            ("[]", .zipkinJSON),
        ])
    func formats(head: String, expected: TelemetryFormat) {
        #expect(TelemetryFormat(head: Array(head.utf8)) == expected)
    }

    @Test("What is none of the formats is not guessed at", arguments: ["hello", "[1,2]", "{\"a\":1}", "<html>"])
    func foreign(head: String) {
        #expect(TelemetryFormat(head: Array(head.utf8)) == nil)
    }
}
