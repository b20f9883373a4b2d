import TLS
import Testing

@Suite("TLS contexts")
struct TLSContextTests {
    var files: Certificates { Certificates.shared }

    func error(_ certificate: String, _ key: String, _ authority: String? = nil) -> TLSError? {
        do {
            _ = try TLSServerContext(certificate: certificate, key: key, clientAuthority: authority)
            return nil
        } catch { return error }
    }

    @Test("Errors name the file, the reason and what was expected")
    func errors() {
        let (certificate, key) = (files.path("server.pem"), files.path("server.key"))
        let text = files.write("text.pem", "not a certificate\n")
        let missing = files.path("missing.pem")

        #expect(error(certificate, key) == nil)
        #expect(
            error(missing, key) == .unusableFile(.certificate, path: missing, reason: "No such file or directory"))
        #expect(error(text, key) == .unusableFile(.certificate, path: text, reason: "no start line"))
        #expect(
            error(certificate, files.path("client.key"))
                == .unusableFile(.key, path: files.path("client.key"), reason: "key values mismatch"))
        #expect(
            error(certificate, certificate).map { "\($0)" }?.hasPrefix("key '\(certificate)': ") == true)
        #expect(
            error(certificate, key, text)
                == .unusableFile(.authority, path: text, reason: "no certificate or crl found"))
        #expect(
            error(text, key)?.description
                == "certificate '\(text)': no start line; expected a PEM certificate, followed by its intermediates if any"
        )
    }

    @Test("A key with a passphrase is an error, not a question at the terminal")
    func encryptedKey() {
        let encrypted = files.path("encrypted.key")
        files.openssl("ec", "-in", files.path("server.key"), "-aes128", "-passout", "pass:secret", "-out", encrypted)
        guard case .unusableFile(.key, encrypted, _)? = error(files.path("server.pem"), encrypted) else {
            Issue.record("expected an error that names the key")
            return
        }
    }
}
