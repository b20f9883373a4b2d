import Testing

@testable import OpsCommands

@Suite struct EventStreamParserTests {
    private static let text = """
        retry: 2000

        : a comment
        event: trace
        data: {"a":1}

        event:state
        data:first
        data: second

        data: nameless
        id: 7

        event: without data


        """

    private static let events = [
        "trace {\"a\":1}", "state first\nsecond", "message nameless",
    ]

    private func read(_ text: String, pieces: Int) throws -> [String] {
        var parser = EventStreamParser()
        var rest = Array(text.utf8)[...]
        var events: [String] = []
        while !rest.isEmpty {
            events += try parser.read(Array(rest.prefix(pieces))).map {
                "\($0.name) \(String(decoding: $0.data, as: UTF8.self))"
            }
            rest = rest.dropFirst(pieces)
        }
        return events
    }

    @Test("Events are the same in whatever pieces they come", arguments: [1, 2, 7, 1000])
    func pieces(_ size: Int) throws {
        #expect(try read(Self.text, pieces: size) == Self.events)
    }

    @Test("Lines end with LF, CR LF or CR", arguments: ["\n", "\r\n", "\r"])
    func lineEnds(_ end: String) throws {
        let text = Self.text.split(separator: "\n", omittingEmptySubsequences: false).joined(separator: end)
        #expect(try read(text, pieces: 3) == Self.events)
    }

    @Test("An event over the limit is an error, however it is cut into lines", arguments: ["", "\ndata:"])
    func tooLong(_ middle: String) {
        var parser = EventStreamParser(maximumBytes: 10)
        #expect(throws: EventStreamParser.TooLong(limit: 10)) {
            _ = try parser.read(Array("data:12345\(middle)67890".utf8))
        }
    }
}
