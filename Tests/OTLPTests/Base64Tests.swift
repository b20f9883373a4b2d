import OTLP
import Testing

@Suite struct Base64Tests {
    @Test(
        "The examples of RFC 4648 are written, with and without padding, and read back",
        arguments: [
            ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ])
    func examples(plain: String, encoded: String) {
        let bytes = Array(plain.utf8)
        let bare = String(encoded.prefix { $0 != "=" })
        #expect(Base64.encode(bytes.span) == encoded)
        #expect(Base64.encode(bytes.span, padded: false) == bare)
        #expect(Base64.decode(Array(encoded.utf8)) == bytes)
        #expect(Base64.decode(Array(bare.utf8)) == bytes)
    }

    @Test("What is not base64 is nil", arguments: ["=", "A", "A===", "AA=", "AAAA=", "AA=A", "A A=", "AAAAA", "Ä"])
    func invalid(text: String) {
        #expect(Base64.decode(Array(text.utf8)) == nil)
    }
}
