import JSON
import Testing

@Suite struct JSONWriterTests {
    private func text(pretty: Bool = false, _ body: (inout JSONWriter) -> Void) -> String {
        var writer = JSONWriter(pretty: pretty)
        body(&writer)
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    @Test("Control characters, C1, DEL, quotes and backslashes are escaped; other text stands as it is")
    func escapes() {
        #expect(
            text { $0.string("a\"\\\n\t\r\u{8}\u{C}\u{0}\u{1B}\u{7F}\u{9B}é€😀/") }
                == #""a\"\\\n\t\r\b\f\u0000\u001b\u007f\u009bé€😀/""#)
    }

    @Test(
        "Doubles are the shortest text that reads back",
        arguments: [
            (0.1, "0.1"), (-0.0, "-0.0"), (1, "1.0"), (.leastNonzeroMagnitude, "5e-324"), (1e300, "1e+300"),
            (.nan, "\"NaN\""), (.infinity, "\"Infinity\""), (-.infinity, "\"-Infinity\""),
        ] as [(Double, String)])
    func doubles(value: Double, expected: String) {
        #expect(text { $0.double(value) } == expected)
    }

    @Test("64-bit numbers keep every digit")
    func numbers() {
        #expect(text { $0.number(UInt64.max) } == "18446744073709551615")
        #expect(text { $0.number(Int64.min) } == "-9223372036854775808")
    }

    @Test("Commas and colons come by themselves")
    func structure() {
        let result = text { writer in
            writer.object { writer in
                writer.key("a")
                writer.array { writer in
                    writer.null()
                    writer.bool(true)
                    writer.object { _ in }
                    writer.array { _ in }
                }
                writer.key("b")
                writer.number(1)
            }
        }
        #expect(result == #"{"a":[null,true,{},[]],"b":1}"#)
    }

    @Test("Pretty output is indented by two, and empty containers stay on one line")
    func pretty() throws {
        let value = try JSONParser.parse(#"{"a":[1,{}],"b":[]}"#)
        #expect(
            text(pretty: true) { $0.value(value) } == """
                {
                  "a": [
                    1,
                    {}
                  ],
                  "b": []
                }
                """)
    }

    @Test("What the parser reads, the writer writes back")
    func roundTrip() throws {
        let source = #"{"a":[1,-2.5e3,"x\u0000é",null,{"b":{}}],"":false}"#
        let value = try JSONParser.parse(source)
        #expect(text { $0.value(value) } == source)
    }
}
