import Testing
import WireFormat

@testable import Refining

private func refined(
    _ message: [UInt8], _ kind: SignalKind = .traces, _ edit: (inout RefiningRules.RedactionOptions) -> Void = { _ in }
) throws -> (bytes: [UInt8], outcome: RefiningOutcome) {
    var options = RefiningRules.RedactionOptions()
    edit(&options)
    let refiner = Refiner(try RefiningRules(redaction: options, sampling: "", attributes: []))
    var output: [UInt8] = []
    let outcome = try refiner.refine(message.span, kind, into: &output)
    return (outcome.isChanged ? output : message, outcome)
}

private func span(_ key: String, _ value: String, name: String = "GET /") -> [UInt8] {
    Message.traces([Message.Span(name: name, attributes: [(key, value)])])
}

@Suite struct RedactionTests {
    @Test("Of a text the secret goes and the rest stays", arguments: SecretSample.all)
    func secrets(sample: SecretSample) throws {
        let result = try refined(span("note", sample.text))
        #expect(result.bytes == span("note", sample.redacted), "\(String(decoding: result.bytes, as: UTF8.self))")
        let again = try refined(result.bytes)
        #expect(!again.outcome.isChanged, "what was redacted once is left alone: \(again.outcome)")
        let named = try refined(span("note", "x", name: sample.text))
        #expect(named.bytes == span("note", "x", name: sample.redacted))
    }

    @Test("Ordinary texts are left alone", arguments: SecretSample.harmless)
    func harmless(text: String) throws {
        let result = try refined(span("note", text))
        #expect(!result.outcome.isChanged, "\(result.outcome): \(String(decoding: result.bytes, as: UTF8.self))")
    }

    @Test(
        "Values of forbidden keys go, however the key is written",
        arguments: [
            "password", "db.password", "userPassword", "user_passwd", "http.request.header.authorization",
            "http.request.header.cookie", "http.response.header.set-cookie", "Authorization", "x-api-key", "apiKey",
            "API_KEY", "apikey", "client_secret", "clientSecret", "access_token", "accessToken", "refreshtoken",
            "id.token", "aws.secret_access_key", "private-key", "privateKey", "db.credentials", "PWD", "passphrase",
            "x-amz-security-token", "csrf_token", "account.key", "signing_key", "user.otp", "http.cookies.sid",
        ])
    func forbiddenKeys(key: String) throws {
        let result = try refined(span(key, "abc"))
        #expect(result.bytes == span(key, "REDACTED"))
        #expect(result.outcome.redactedByRule == [.init(rule: "keys", count: 1)])
    }

    @Test(
        "Keys that only sound forbidden are left alone",
        arguments: [
            "llm.token_count", "session.tokens", "token.type", "gen_ai.usage.input_tokens",
            "messaging.kafka.message.key",
            "cache.key", "routing_key", "k8s.secret.name", "next_page_token", "time_to_first_token", "password.policy",
            "tokenizer", "session.id", "author", "code.signature", "cookie.consent", "enduser.id", "process.pwd",
            "keyboard.layout", "secretary", "authorization.result", "http.request.header.content-type", "compass",
        ])
    func harmlessKeys(key: String) throws { #expect(try !refined(span(key, "abc")).outcome.isChanged) }

    @Test("Numbers and truth values under a forbidden key stay")
    func numbers() throws {
        let message = Message.bytes { writer in
            writer.message(1) { writer in
                writer.message(2) { writer in
                    writer.message(2) { writer in
                        for (field, value) in [(2, 1), (3, 120)] as [(UInt32, UInt64)] {
                            writer.message(9) { writer in
                                writer.string(1, "token")
                                writer.message(2) { $0.varint(field, value) }
                            }
                        }
                    }
                }
            }
        }
        #expect(try !refined(message).outcome.isChanged)
    }

    @Test("Mode drop leaves the attribute out, and masks where there is none")
    func drop() throws {
        let message = Message.traces([
            Message.Span(
                name: "token=abc",
                attributes: [("a", "1"), ("password", "x"), ("b", "Bearer abcdef123456"), ("c", "2")])
        ])
        let result = try refined(message) { $0.mode = .drop }
        #expect(
            result.bytes
                == Message.traces([Message.Span(name: "token=REDACTED", attributes: [("a", "1"), ("c", "2")])]))
    }

    @Test("Mode hash writes the same hash for the same secret, and another one with another salt")
    func hash() throws {
        let message = span("password", "hunter2", name: "password=hunter2")
        func text(_ salt: String) throws -> String {
            let result = try refined(message) {
                $0.mode = .hash
                $0.salt = RedactionSalt(text: salt)
            }
            #expect(try !refined(result.bytes).outcome.isChanged)
            return String(decoding: result.bytes, as: UTF8.self)
        }
        let (first, second) = (try text("a"), try text("b"))
        let hashes = first.split(separator: "REDACTED-").dropFirst().map { $0.prefix(16) }
        #expect(hashes.count == 2 && hashes[0] == hashes[1])
        #expect(first != second)
        #expect(try text("a") == first)
    }

    @Test("A key that stands behind its value, or in a long form, is found as well")
    func unusualEncodings() throws {
        func message(_ value: String) -> [UInt8] {
            Message.bytes { writer in
                writer.message(1) { writer in
                    writer.message(2) { writer in
                        writer.message(2) { writer in
                            writer.message(9) { writer in
                                writer.message(2) { $0.string(1, value) }
                                writer.string(1, "password")
                            }
                            Message.attribute(&writer, 9, "after", "x")
                        }
                    }
                }
            }
        }
        #expect(try refined(message("abc")).bytes == message("REDACTED"))
    }

    @Test("In a list of arguments the one behind a forbidden flag goes")
    func arguments() throws {
        func message(_ secret: String) -> [UInt8] {
            Message.bytes { writer in
                writer.message(1) { writer in
                    writer.message(1) { writer in
                        writer.message(1) { writer in
                            writer.string(1, "process.command_args")
                            writer.message(2) { writer in
                                writer.message(5) { writer in
                                    for text in ["mysql", "--password", secret, "--host", "db"] {
                                        writer.message(1) { $0.string(1, text) }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
        #expect(try refined(message("hunter2")).bytes == message("REDACTED"))
    }

    @Test("Own keys, own patterns and keys to keep are obeyed, also such as have nothing to look for")
    func ownRules() throws {
        let message = Message.traces([
            Message.Span(attributes: [("pi", "1"), ("note", "case 77-1234 of AB"), ("token", "t")])
        ])
        let result = try refined(message) {
            $0.keys = ["p?", "*token"]
            $0.keptKeys = ["token"]
            $0.patterns = #"case: \d{2}-(\d{4}); ab: [A-B]{2}"#
        }
        let expected = Message.traces([
            Message.Span(attributes: [("pi", "REDACTED"), ("note", "case 77-REDACTED of REDACTED"), ("token", "t")])
        ])
        #expect(result.bytes == expected)
        #expect(result.outcome.redactedByRule.map(\.rule) == ["keys", "case", "ab"])
    }

    @Test(
        "A rule that cannot be used is refused with the reason",
        arguments: [
            ("a(b", "has a parenthesis without its other one"),
            ("a|b", "has '|': write a pattern for each case, or '\\|' for the character"),
            ("a*", "matches an empty text"), ("[b", "has '[' without ']'"),
            ("a{2", "has a count that is not {n}, {n,} or {n,m}"),
            ("*a", "has a count at byte 0 with nothing before it"), ("a\\q", "has '\\q', which has no meaning here"),
        ])
    func refusesPatterns(pattern: String, reason: String) {
        #expect(throws: RuleError(pattern, reason)) { _ = try ValuePattern(pattern) }
    }

    @Test("Malformed messages are errors and leave the output as it was")
    func malformed() throws {
        let refiner = Refiner(try RefiningRules(redaction: .init(), sampling: "", attributes: [("a", "b")]))
        let message = span("password", "abc")
        for count in 1..<message.count {
            var output: [UInt8] = [7]
            do {
                _ = try refiner.refine(Array(message.prefix(count)).span, .traces, into: &output)
            } catch {
                #expect(output == [7])
            }
        }
    }

    @Test("A text that holds very many secrets, or takes much work, is redacted in time that grows with its length")
    func hostileTexts() throws {
        for unit in [
            "token", "token=a ", "://a:b", "'", "authorization: x ", "-----BEGIN PRIVATE KEY", "eyJaaaaaa.", "a@tcp(",
        ] {
            let text = String(repeating: unit, count: 200_000 / unit.utf8.count)
            let clock = ContinuousClock()
            let time = try clock.measure { _ = try refined(span("note", text)) }
            #expect(time < .seconds(5), "\(unit)")
        }
    }
}
