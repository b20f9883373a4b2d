import Access
import Testing

@testable import OpsCommands

@Suite("hms-ops key") struct KeyCommandTests {
    private struct Fixed: RandomNumberGenerator {
        mutating func next() -> UInt64 { 7 }
    }

    private let now = UTCSecond(seconds: 1_795_737_600)

    private func make(_ options: [String]) throws -> AccessKey {
        var generator = Fixed()
        let arguments = try CommandParser.parse(["create", "pay"] + options, for: KeyCommand.command.spec)
        return try KeyCommand.newKey("pay", KeyText(using: &generator), arguments, now: now)
    }

    @Test("A key without options may send, does not end, and knows when it was made")
    func makesPlainKey() throws {
        let key = try make([])
        #expect(key.scopes == AccessScopes(.ingest))
        #expect(key.created == now && key.expires == nil && key.tenant == nil && key.revoked == nil)
        #expect(key.requestsPerSecond == nil && key.bytesPerSecond == nil)
    }

    @Test("Options are taken as they are written")
    func makesKey() throws {
        let key = try make([
            "--scope", "read", "--scope=admin", "--tenant", "acme", "--expires", "90d", "--rate", "5", "--bytes",
            "2KiB",
        ])
        #expect(key.scopes == [AccessScopes(.read), AccessScopes(.admin)])
        #expect(key.tenant?.text == "acme")
        #expect(key.expires?.description == "2027-02-25T00:00:00Z")
        #expect(key.requestsPerSecond == 5 && key.bytesPerSecond == 2048)
    }

    @Test("A key's end lies ahead and can be written", arguments: ["2026-11-27", "0", "soon", "99999999d", "-1d"])
    func refusesEnds(text: String) {
        let error = #expect(throws: OpsError.self) { try make(["--expires", text]) }
        #expect(
            error?.description
                == "'--expires' is '\(text)', expected a time to come: 90d, 12h or 2027-01-01T00:00:00Z")
    }

    @Test("The list tells of each key what it is good for, and of none what it is")
    func lists() throws {
        var ended = try make(["--expires", "1d"])
        ended.bytesPerSecond = 1 << 20
        let text = KeyCommand.table(
            [ended], now: UTCSecond(seconds: now.seconds + 86_400), TextStyle(isColoured: false))
        let lines = text.split(separator: "\n").map { $0.split(separator: " ").joined(separator: " ") }
        #expect(
            lines == [
                "name state scopes tenant expires created limits",
                "pay expired ingest - 2026-11-28T00:00:00Z 2026-11-27T00:00:00Z 1MiB/s",
            ])
        let json = KeyCommand.json([ended], now: now)
        #expect(
            json
                == #"{"keys":[{"name":"pay","state":"valid","scopes":["ingest"],"tenant":null,"#
                + #""created":"2026-11-27T00:00:00Z","expires":"2026-11-28T00:00:00Z","revoked":null,"#
                + #""requests_per_second":null,"bytes_per_second":1048576}]}"# + "\n")
    }
}
