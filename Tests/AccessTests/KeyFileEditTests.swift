import Testing

@testable import Access

@Suite("Editing keys.file") struct KeyFileEditTests {
    private let text = "# ours\r\npay 0123456789abcdef rate=5/s \n\n# the end, without a newline"
    private let time = UTCSecond(seconds: 1_795_737_600)

    @Test("A key is added at the end, and every other line stays as it is")
    func adds() throws {
        var key = AccessKey(
            name: "new", digest: [UInt8](repeating: 0xAB, count: 32), requestsPerSecond: 7, bytesPerSecond: 1024,
            scopes: [AccessScopes(.ingest), AccessScopes(.admin)], created: time)
        key.tenant = TenantName("acme")
        key.expires = UTCSecond(seconds: 1_798_761_600)
        let edited = try KeyFileEdit.adding(key, to: text, file: "keys")
        let digest = String(repeating: "ab", count: 32)
        #expect(
            edited == text
                + "\nnew sha256:\(digest) scopes=ingest,admin tenant=acme rate=7/s bytes=1024/s "
                + "created=2026-11-27T00:00:00Z expires=2027-01-01T00:00:00Z\n")
        #expect(try KeyFile.parse(edited, file: "keys").last == key)
    }

    @Test("A name that stands there is not given again, not even after it was revoked")
    func keepsNamesApart() throws {
        let key = AccessKey(name: "pay", digest: [UInt8](repeating: 1, count: 32))
        #expect(throws: KeyFileEdit.Problem.nameTaken("pay", isRevoked: false)) {
            try KeyFileEdit.adding(key, to: text, file: "keys")
        }
        let revoked = try KeyFileEdit.revoking("pay", at: time, in: text, file: "keys")
        #expect(throws: KeyFileEdit.Problem.nameTaken("pay", isRevoked: true)) {
            try KeyFileEdit.adding(key, to: revoked, file: "keys")
        }
    }

    @Test("Revoking marks one line, once")
    func revokes() throws {
        let edited = try KeyFileEdit.revoking("pay", at: time, in: text, file: "keys")
        #expect(
            edited
                == "# ours\npay 0123456789abcdef rate=5/s revoked=2026-11-27T00:00:00Z\n\n# the end, without a newline")
        #expect(try KeyFile.parse(edited, file: "keys").map { $0.state(at: time) } == [.revoked])
        #expect(throws: KeyFileEdit.Problem.alreadyRevoked("pay", since: time)) {
            try KeyFileEdit.revoking("pay", at: UTCSecond(seconds: 1), in: edited, file: "keys")
        }
        #expect(throws: KeyFileEdit.Problem.unknownName("p")) {
            try KeyFileEdit.revoking("p", at: time, in: text, file: "keys")
        }
    }

    @Test("A file that cannot be read is not edited")
    func refusesInvalid() {
        #expect(
            throws: KeyFileEdit.Problem.invalid(
                .init(file: "keys", line: 1, reason: "expected a name, a space and a key"))
        ) {
            try KeyFileEdit.revoking("pay", at: time, in: "pay", file: "keys")
        }
    }
}
