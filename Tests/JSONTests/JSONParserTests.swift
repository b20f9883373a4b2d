import JSON
import Testing

@Suite struct JSONParserTests {
    @Test(
        "Valid texts give their values",
        arguments: [
            ("null", JSONValue.null),
            (" true ", .bool(true)),
            ("false", .bool(false)),
            ("0", .number("0")),
            ("-0", .number("-0")),
            ("-12.50e+3", .number("-12.50e+3")),
            ("18446744073709551615", .number("18446744073709551615")),
            ("\"\"", .string("")),
            (#""a\"\\\/\b\f\n\r\t""#, .string("a\"\\/\u{8}\u{C}\n\r\t")),
            (#""\u00e9\u20ac\ud83d\ude00\u0000""#, .string("é€😀\0")),
            ("\"é€😀\"", .string("é€😀")),
            ("[]", .array([])),
            ("{}", .object([])),
            ("[1,[2,{}],\n\t3]", .array([.number("1"), .array([.number("2"), .object([])]), .number("3")])),
            (#"{"b":1,"a":[null]}"#, .object([JSONMember("b", .number("1")), JSONMember("a", .array([.null]))])),
        ])
    func validTexts(text: String, value: JSONValue) throws {
        #expect(try JSONParser.parse(text) == value)
    }

    @Test(
        "Invalid texts are refused with place and reason",
        arguments: [
            ("", "line 1, column 1 (byte 0): the text ends, expected a value"),
            ("[1,\n 2,]", "line 2, column 4 (byte 7): found ']', expected a value"),
            ("[1 2]", "line 1, column 4 (byte 3): found '2', expected ',' or ']'"),
            ("[", "line 1, column 2 (byte 1): the text ends, expected a value or ']'"),
            ("[1}", "line 1, column 3 (byte 2): found '}', expected ',' or ']'"),
            (#"{"a":1,}"#, "line 1, column 8 (byte 7): found '}', expected a key in quotes"),
            ("{a:1}", "line 1, column 2 (byte 1): found 'a', expected a key in quotes or '}'"),
            (#"{"a" 1}"#, "line 1, column 6 (byte 5): found '1', expected ':'"),
            (#"{"a":1 "b":2}"#, "line 1, column 8 (byte 7): found '\"', expected ',' or '}'"),
            (#"{"a":1,"a":2}"#, "line 1, column 8 (byte 7): the key \"a\" occurs twice in one object"),
            (#"{"a":1,"\u0061":2}"#, "line 1, column 8 (byte 7): the key \"a\" occurs twice in one object"),
            ("1 2", "line 1, column 3 (byte 2): something follows the value, expected the end of the text"),
            ("{} x", "line 1, column 4 (byte 3): something follows the value, expected the end of the text"),
            ("NaN", "line 1, column 1 (byte 0): found 'N', expected a value"),
            ("Infinity", "line 1, column 1 (byte 0): found 'I', expected a value"),
            ("nul", "line 1, column 1 (byte 0): found 'n', expected a value"),
            ("-", "line 1, column 1 (byte 0): not a JSON number"),
            ("-Infinity", "line 1, column 1 (byte 0): not a JSON number"),
            ("01", "line 1, column 1 (byte 0): not a JSON number"),
            ("1.", "line 1, column 1 (byte 0): not a JSON number"),
            (".5", "line 1, column 1 (byte 0): found '.', expected a value"),
            ("1e", "line 1, column 1 (byte 0): not a JSON number"),
            ("+1", "line 1, column 1 (byte 0): found '+', expected a value"),
            ("0x10", "line 1, column 1 (byte 0): not a JSON number"),
            ("\"a", "line 1, column 1 (byte 0): the text ends inside a string"),
            ("\"a\\", "line 1, column 1 (byte 0): the text ends inside a string"),
            ("\"a\nb\"", "line 1, column 3 (byte 2): byte 0x0a inside a string, expected it escaped"),
            (
                #""\x""#,
                "line 1, column 2 (byte 1): unknown escape in a string, expected one of "
                    + #"\" \\ \/ \b \f \n \r \t \uXXXX"#
            ),
            (
                #""\u12g4""#,
                "line 1, column 2 (byte 1): unknown escape in a string, expected one of "
                    + #"\" \\ \/ \b \f \n \r \t \uXXXX"#
            ),
            (#""\ud800""#, "line 1, column 2 (byte 1): half of a surrogate pair in a \\u escape"),
            (#""\udc00""#, "line 1, column 2 (byte 1): half of a surrogate pair in a \\u escape"),
            (#""\ud800\u0041""#, "line 1, column 2 (byte 1): half of a surrogate pair in a \\u escape"),
            ("\u{FEFF}1", "line 1, column 1 (byte 0): found byte 0xef, expected a value"),
            ("\u{1B}", "line 1, column 1 (byte 0): found byte 0x1b, expected a value"),
        ])
    func invalidTexts(text: String, message: String) {
        #expect { try JSONParser.parse(text) } throws: { "\($0)" == message }
    }

    @Test(
        "Bytes that are not UTF-8 are refused where they stand",
        arguments: [
            ([0xFF], 1), ([0x61, 0xC3], 2), ([0xC0, 0x80], 1), ([0xED, 0xA0, 0x80], 1), ([0xF4, 0x90, 0x80, 0x80], 1),
        ] as [([UInt8], Int)])
    func invalidUTF8(bytes: [UInt8], offset: Int) {
        let text = [0x22] + bytes + [0x22]
        #expect(throws: JSONError(.invalidUTF8, at: offset, in: text)) { try JSONParser.parse(text) }
    }

    @Test("Depth is limited: 64 levels pass, 65 and a million are errors", arguments: [65, 1_000_000])
    func depth(levels: Int) throws {
        let open = [UInt8](repeating: UInt8(ascii: "["), count: levels)
        #expect(throws: JSONError(.nestedTooDeep(limit: 64), at: 64, in: open)) { try JSONParser.parse(open) }
        let fits = String(repeating: "[", count: 64) + String(repeating: "]", count: 64)
        #expect(try JSONParser.parse(fits).array?.count == 1)
    }

    @Test("A number of 100 MB is refused after its first kilobyte")
    func hugeNumber() {
        let text = [UInt8](repeating: UInt8(ascii: "7"), count: 100_000_000)
        #expect(throws: JSONError(.numberTooLong(limit: 1024), at: 0, in: text)) { try JSONParser.parse(text) }
    }

    @Test("Duplicate keys follow the policy, and keep the place of the first")
    func duplicateKeys() throws {
        let text = #"{"a":1,"b":2,"a":3}"#
        let first = try JSONParser.parse(text, duplicateKeys: .keepFirst)
        #expect(first == .object([JSONMember("a", .number("1")), JSONMember("b", .number("2"))]))
        let last = try JSONParser.parse(text, duplicateKeys: .keepLast)
        #expect(last == .object([JSONMember("a", .number("3")), JSONMember("b", .number("2"))]))
    }

    @Test("Keys that look alike but differ in bytes are two keys")
    func canonicalEquivalence() throws {
        #expect(try JSONParser.parse("{\"\u{E9}\":1,\"e\u{301}\":2}").members?.count == 2)
    }

    @Test(
        "Whole numbers are read exactly, fractions and overflow refused",
        arguments: [
            ("0", 0), ("-0", 0), ("0.0e5", 0), ("9223372036854775807", .max), ("-9223372036854775808", .min),
            ("9223372036854775808", nil), ("-9223372036854775809", nil), ("1.5", nil), ("1e-1", nil), ("10e-1", 1),
            ("2.0", 2), ("1.25e2", 125), ("1e18", 1_000_000_000_000_000_000), ("1e19", nil), ("1e999999999999999", nil),
            ("0e999999999999999", 0), ("9007199254740993", 9_007_199_254_740_993),
        ] as [(String, Int64?)])
    func integers(text: String, value: Int64?) throws {
        #expect(try JSONParser.parse(text).integer(as: Int64.self) == value)
    }

    @Test("Numbers beyond the range of doubles have no double, tiny ones are zero")
    func doubles() throws {
        #expect(try JSONParser.parse("1e999").double == nil)
        #expect(try JSONParser.parse("1e-999").double == 0)
        #expect(try JSONParser.parse("1.7976931348623157e308").double == .greatestFiniteMagnitude)
        #expect(try JSONParser.parse("-0").double?.sign == .minus)
    }

    @Test("Any cut of a valid text is an error, never a crash")
    func truncation() throws {
        let text = Array(#"{"a":[1,-2.5e3,"x\u00e9\ud83d\ude00"],"b":{"c":null,"d":true}}"#.utf8)
        _ = try JSONParser.parse(text)
        for end in 0..<text.count {
            #expect(throws: JSONError.self, "cut at \(end)") { try JSONParser.parse(Array(text[..<end])) }
        }
    }

    @Test("Accessors find members and elements")
    func accessors() throws {
        let value = try JSONParser.parse(#"{"a":[{"n":"18446744073709551615"},2.5,true]}"#)
        #expect(value["a"]?[0]?["n"]?.uint64 == .max)
        #expect(value["a"]?[1]?.double == 2.5)
        #expect(value["a"]?[2]?.bool == true)
        #expect(value["a"]?[3] == nil)
        #expect(value["b"] == nil)
    }
}
