import Glibc
import JSON
import TLS
import Testing

@testable import Access

@Suite("The audit log") struct AuditLogTests {
    /// A directory that goes with the test.
    private final class Place {
        let path: String
        init() throws {
            var template = Array("/tmp/hms-audit-XXXXXX".utf8CString)
            path = String(cString: try #require(mkdtemp(&template)))
        }
        deinit {
            for name in (["audit.log"] + (1...9).map { "audit.log.\($0)" }) { unlink("\(path)/\(name)") }
            rmdir(path)
        }

        var file: String { path + "/audit.log" }

        func text(_ file: String) -> String {
            (try? AuditFiles.lines(of: file).lines.map { String(decoding: $0, as: UTF8.self) }.joined(separator: "\n"))
                ?? ""
        }

        func write(_ text: String, flags: Int32 = O_TRUNC) {
            let descriptor = Glibc.open(file, O_WRONLY | O_CREAT | flags, 0o600)
            _ = Array(text.utf8).withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            close(descriptor)
        }
    }

    private static let clock: @Sendable () -> UInt64 = { 1_795_737_600_123_000_000 }

    private func digest(_ text: some StringProtocol) -> String { hexadecimal(sha256(Array(text.utf8))) }

    @Test("Each line names its act and holds the digest of the line before")
    func chains() throws {
        let place = try Place()
        let log = try AuditLog(directory: place.path, clock: Self.clock)
        try log.record("started", by: "system", ["version": "1"])
        try log.record("erased", by: "key \"x\"", durably: false)
        let first =
            #"{"seq":1,"time":"2026-11-27T00:00:00.123Z","act":"started","by":"system","version":"1","prev":""#
            + String(repeating: "0", count: 64) + "\"}"
        let second =
            #"{"seq":2,"time":"2026-11-27T00:00:00.123Z","act":"erased","by":"key \"x\"","prev":""# + digest(first)
            + "\"}"
        #expect(place.text(place.file) == first + "\n" + second)
        #expect(log.head == (2, digest(second)))
        var status = stat()
        #expect(stat(place.file, &status) == 0 && status.st_mode & 0o777 == 0o600)
        let chain = try AuditFiles(directory: place.path).verify()
        #expect((chain.sequence, chain.head, chain.lines) == (2, digest(second), 2))
        #expect(try log.newest(1).map { String(decoding: $0, as: UTF8.self) } == [second])
    }

    @Test("The chain goes on after the program was started again")
    func goesOn() throws {
        let place = try Place()
        do { try AuditLog(directory: place.path, clock: Self.clock).record("started", by: "system") }
        let again = try AuditLog(directory: place.path, clock: Self.clock)
        #expect(again.remarks == [])
        try again.record("started", by: "system")
        #expect(try AuditFiles(directory: place.path).verify().lines == 2)
    }

    @Test("A line that was cut off is taken away and told of, and the chain goes on")
    func mendsTornLine() throws {
        let place = try Place()
        do { try AuditLog(directory: place.path, clock: Self.clock).record("started", by: "system") }
        place.write(#"{"seq":2,"ti"#, flags: O_APPEND)
        let again = try AuditLog(directory: place.path, clock: Self.clock)
        #expect(again.remarks == ["12 bytes of a line that was cut off were taken away from '\(place.file)'"])
        try again.record("stopped", by: "system")
        #expect(try AuditFiles(directory: place.path).verify().lines == 2)
    }

    @Test("A line that was changed, taken away, added or exchanged is found", arguments: 0..<5)
    func findsChanges(kind: Int) throws {
        let place = try Place()
        let log = try AuditLog(directory: place.path, clock: Self.clock)
        for act in ["one", "two", "three", "four"] { try log.record(act, by: "system") }
        var lines = place.text(place.file).split(separator: "\n").map(String.init)
        let expected: String
        switch kind {
        case 0:
            lines[1] = lines[1].replacing("two", with: "TWO")
            expected = "3: the line does not follow from the line before entry 3, which was changed or exchanged"
        case 1:
            lines.remove(at: 1)
            expected = "2: the line is entry 3, but follows entry 1: entries are missing"
        case 2:
            lines.insert(lines[1], at: 2)
            expected = "3: the line is entry 2, but follows entry 2: entries are missing"
        case 3:
            lines[2] = "nonsense"
            expected = "3: the line is no entry; it was changed or damaged"
        default:
            lines.swapAt(1, 2)
            expected = "2: the line is entry 3, but follows entry 1: entries are missing"
        }
        place.write(lines.joined(separator: "\n") + "\n")
        let error = #expect(throws: AuditProblem.self) { try AuditFiles(directory: place.path).verify() }
        #expect(error?.description == "\(place.file):\(expected)")
    }

    @Test("A full file is set aside, eight of them are kept, and what is left still verifies")
    func rotates() throws {
        let place = try Place()
        let log = try AuditLog(directory: place.path, longestFile: 300, clock: Self.clock)
        for _ in 0..<40 { try log.record("turned", by: "system") }
        let files = AuditFiles(directory: place.path)
        #expect(files.existing == (1...8).reversed().map { place.file + ".\($0)" } + [place.file])
        let chain = try files.verify()
        // Three lines of 148 bytes fill a file, and the 40th is the first of the newest.
        #expect((chain.sequence, chain.lines) == (40, 25))
        #expect(try log.newest(100).count == 25)
        let again = try AuditLog(directory: place.path, longestFile: 300, clock: Self.clock)
        #expect(again.head == log.head)
    }

    @Test("What outsiders send cannot break a line, and is cut")
    func escapes() throws {
        let place = try Place()
        let log = try AuditLog(directory: place.path, clock: Self.clock)
        try log.record(
            "act_refused", by: "nobody", ["path": "/\n\"\u{1B}[31m", "long": String(repeating: "a", count: 5000)])
        let text = place.text(place.file)
        let json = try JSONParser.parse(Array(text.utf8))
        #expect(json["path"]?.string == "/\n\"\u{1B}[31m")
        #expect(json["long"]?.string == String(repeating: "a", count: 256) + "…")
        #expect(!text.contains("\u{1B}") && !text.contains("\n"))
    }

    @Test("Writers on several threads leave one chain")
    func isSharable() async throws {
        let place = try Place()
        let log = try AuditLog(directory: place.path, clock: Self.clock)
        await withTaskGroup(of: Void.self) { group in
            for writer in 0..<4 {
                group.addTask { for _ in 0..<50 { try? log.record("act", by: "key \(writer)", durably: false) } }
            }
        }
        #expect(try AuditFiles(directory: place.path).verify().sequence == 200)
    }
}
