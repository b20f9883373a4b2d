import Testing

@testable import MetricDoors

@Suite struct StatsDParserTests {
    private struct Read: Equatable {
        var kind: StatsDParser.Kind
        var name: String
        var numbers: [Double] = []
        var member = ""
        var rate = 1.0
        var tags: [String] = []
    }

    private func read(_ line: String) throws(StatsDFault) -> (Read, StatsDParser) {
        let bytes = Array(line.utf8)
        var parser = StatsDParser()
        try parser.parse(bytes.span, bytes.indices)
        func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }
        return (
            Read(
                kind: parser.kind, name: text(parser.name), numbers: parser.numbers.map(\.value),
                member: parser.kind == .set ? text(parser.member) : "", rate: parser.rate,
                tags: parser.tags.map(text)), parser
        )
    }

    @Test("Lines of every type are read, with rates, several values and tags")
    func lines() throws {
        let table: [(String, Read)] = [
            ("a.b:1|c", Read(kind: .counter, name: "a.b", numbers: [1])),
            ("a:-3|c|@0.1", Read(kind: .counter, name: "a", numbers: [-3], rate: 0.1)),
            ("a:1.5e2|g", Read(kind: .gauge, name: "a", numbers: [150])),
            ("a:+4|g", Read(kind: .gauge, name: "a", numbers: [4])),
            ("t:320.000000|ms", Read(kind: .timer, name: "t", numbers: [320])),
            ("h:1:2:3.5|h|#x", Read(kind: .histogram, name: "h", numbers: [1, 2, 3.5], tags: ["x"])),
            ("d:7|d|@0.5|#b:2,a:1", Read(kind: .histogram, name: "d", numbers: [7], rate: 0.5, tags: ["b:2", "a:1"])),
            ("s:user:1|s", Read(kind: .set, name: "s", member: "user:1")),
            ("ü:1|c|#ort:köln", Read(kind: .counter, name: "ü", numbers: [1], tags: ["ort:köln"])),
            ("a:1|c|#,:x,b:,", Read(kind: .counter, name: "a", numbers: [1], tags: ["b:"])),
            ("a:1|c|e:it-false|card:low|new", Read(kind: .counter, name: "a", numbers: [1])),
        ]
        for (line, expected) in table { #expect(try read(line).0 == expected, "\(line)") }
    }

    @Test("Container and time of DogStatsD are found")
    func fields() throws {
        let line = "g:5|g|#z|c:ci-83c0|T1700000000"
        let (_, parser) = try read(line)
        #expect(parser.timestamp == 1_700_000_000)
        #expect(parser.container.map { String(decoding: Array(line.utf8)[$0], as: UTF8.self) } == "ci-83c0")
        #expect(parser.isDogStatsD)
        #expect(try !read("g:5|g|@0.5").1.isDogStatsD)
    }

    @Test(
        "What is no StatsD is refused with its reason",
        arguments: [
            ("abc", StatsDFault.noValue), (":1|c", .noName), ("a:1", .noType), ("a:1|", .noType), ("a:1||", .noType),
            ("a:1|x", .unknownType), ("a:1|cc", .unknownType), ("a:|c", .badValue), ("a:x|c", .badValue),
            ("a:nan|g", .badValue), ("a:inf|g", .badValue), ("a:0x10|g", .badValue), ("a:1e999|g", .badValue),
            ("a:1:|h", .badValue), ("a::1|h", .badValue), ("a:|s", .badValue), ("a:1|c|@0", .badRate),
            ("a:1|c|@2", .badRate), ("a:1|c|@", .badRate), ("a:1|c|@-1", .badRate), ("a:1|c|Tx", .badTimestamp),
            ("a:1|c|T99999999999", .badTimestamp), ("a\u{1}:1|c", .controlCharacter), ("a:1|c|#x\t", .controlCharacter),
        ])
    func faults(line: String, fault: StatsDFault) {
        #expect(throws: fault) { try read(line) }
    }

    @Test("Bounds: long names, many tags, long tags, broken UTF-8")
    func bounds() {
        #expect(throws: StatsDFault.nameTooLong) { try read(String(repeating: "n", count: 256) + ":1|c") }
        let many = (0..<65).map { "t\($0)" }.joined(separator: ",")
        #expect(throws: StatsDFault.tooManyTags) { try read("a:1|c|#" + many) }
        #expect(throws: StatsDFault.tooManyTags) { try read("a:1|c|#" + String(repeating: "x", count: 4097)) }
        let broken = Array("a:1|c|#".utf8) + [0xC3, 0x28]
        #expect(throws: StatsDFault.notUTF8) {
            var parser = StatsDParser()
            try parser.parse(broken.span, broken.indices)
        }
    }

    private func message(_ line: String) throws(StatsDFault) -> DogStatsDMessage {
        let bytes = Array(line.utf8)
        return try DogStatsDMessage(bytes.span, bytes.indices)
    }

    @Test("An event becomes a log record with its fields")
    func event() throws {
        let event = try message(
            "_e{3,8}:töl|hell\\n|x|d:1700000000|h:web1|p:low|t:error|#b:2,a:1".replacing("töl", with: "tol"))
        #expect(event.eventName == "dogstatsd.event" && event.severity == .error)
        #expect(event.body == "hell\n|x")
        #expect(event.time == 1_700_000_000_000_000_000)
        #expect(
            event.attributes == [
                Label("dogstatsd.event.title", "tol"), Label("host.name", "web1"),
                Label("dogstatsd.event.priority", "low"), Label("dogstatsd.event.alert_type", "error"),
                Label("a", "1"), Label("b", "2"),
            ])
    }

    @Test("A service check becomes a log record; its message may hold anything")
    func serviceCheck() throws {
        let check = try message("_sc|db.up|2|h:web1|#role:db|m:no | answer")
        #expect(check.eventName == "dogstatsd.service_check" && check.severity == .error)
        #expect(check.body == "no | answer")
        #expect(
            check.attributes.map(\.name) == ["dogstatsd.check.name", "dogstatsd.check.status", "host.name", "role"])
        #expect(try message("_sc|db|0").body == "db is ok")
    }

    @Test(
        "Lengths that lie are refused",
        arguments: [
            "_e{5,1}:ab|c", "_e{2,9}:ab|c", "_e{2,1}:abc|c", "_e{0,1}:|c", "_e{2}:ab", "_e{2,1:ab|c", "_e{", "_e{2,1}",
            "_e{1,1}:é|a", "_e{999999999999999999,1}:a|b", "_e{2,1}:ab|cd",
        ])
    func lies(line: String) {
        #expect(throws: StatsDFault.badEvent) { try message(line) }
    }

    @Test(
        "Service checks without name or status are refused",
        arguments: ["_sc|", "_sc|a", "_sc|a|9", "_sc||1", "_sc|a|1|d:x"])
    func badChecks(line: String) {
        #expect(throws: StatsDFault.badServiceCheck) { try message(line) }
    }
}
