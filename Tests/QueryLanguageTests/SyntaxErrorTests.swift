import QueryLanguage
import Testing

@Suite("Errors in queries say where and what instead")
struct SyntaxErrorTests {
    @Test(
        "Each mistake has its column, message and hint",
        arguments: [
            (
                "servce = x", 1, "'servce' is no field",
                "did you mean 'service'? For an attribute of that name, write \"servce\""
            ),
            (
                "Service = x", 1, "'Service' is no field",
                "did you mean 'service'? For an attribute of that name, write \"Service\""
            ),
            (
                "a = 1 and statsu = ok", 11, "'statsu' is no field",
                "did you mean 'status'? For an attribute of that name, write \"statsu\""
            ),
            ("nmae = x", 1, "'nmae' is no field", "did you mean 'name'? For an attribute of that name, write \"nmae\""),
            ("duration => 5s", 10, "'=>' is not an operator", "did you mean '>='?"),
            ("x =< 5", 3, "'=<' is not an operator", "did you mean '<='?"),
            ("x ~= a", 3, "'~=' is not an operator", "did you mean '=~'?"),
            ("a = 1 & b = 2", 7, "'&' is not an operator", "did you mean 'and'?"),
            ("a = 1 and (b = 2 or c = 3", 11, "'(' is never closed", "add ')'"),
            ("a = 1)", 6, "')' without '('", nil), ("parent { a = 1", 8, "'{' is never closed", "add '}'"),
            ("parent { (a = 1 }", 17, "'}' does not close '('", "close it with ')' first"),
            ("()", 2, "there is nothing between the parentheses", nil),
            ("service =", 10, "a value is missing after '=': the end of the query is none", nil),
            (
                "service = and", 11, "a value is missing after '=': 'and' is none",
                "'and' is a keyword; as a text, put it into quotation marks"
            ),
            ("status = eror", 10, "'eror' is no status: it is unset, ok or error", "did you mean 'error'?"),
            (
                "kind = sever", 8,
                "'sever' is no kind: it is unspecified, internal, server, client, producer or consumer",
                "did you mean 'server'?"
            ),
            ("duration > 2sec", 13, "'sec' is no unit", "did you mean '2s'? Units are ns us ms s m h d"),
            ("duration > 2", 13, "a unit is missing behind '2'", "write 2ms or 2s; units are ns us ms s m h d"),
            ("duration > 5KB", 13, "'KB' is no unit", "Units are ns us ms s m h d"),
            (
                "duration > fast", 12, "'fast' is no duration, which duration is compared with",
                "write one such as 250ms or 2s"
            ),
            ("duration > 0.5ns", 12, "'0.5ns' is no whole number of nanoseconds", nil),
            ("duration > 999999999d", 12, "'999999999d' is too large", nil),
            (
                "size > 5kb", 9, "'kb' is no unit",
                "did you mean '5KB'? Units are ns us ms s m h d B KB KiB MB MiB GB GiB; text that begins with a digit goes into quotation marks"
            ),
            (
                "start > yesterday", 9, "'yesterday' is no moment, which start is compared with",
                "write 2026-01-31T10:00:00Z, now-15m, or a Unix time"
            ),
            (
                "start > 2026-02-29", 9, "'2026-02-29' is no moment, which start is compared with",
                "write 2026-01-31T10:00:00Z, now-15m, or a Unix time"
            ),
            ("start > now-5", 14, "a unit is missing behind '5'", "write 5ms or 5s; units are ns us ms s m h d"),
            ("trace_id = xyz", 12, "'xyz' is no trace id, which has 32 hexadecimal digits", nil),
            ("span_id = 123", 11, "'123' is no span id, which has 16 hexadecimal digits", nil),
            (
                "trace.span > 1", 1,
                "'trace.span' is no property of a trace: there are trace.duration, trace.error, trace.errors, trace.id, trace.root.name, trace.root.service, trace.services, trace.spans or trace.start",
                "did you mean 'trace.spans'?"
            ),
            ("trace.error = 1", 15, "'1' is neither true nor false", nil),
            ("trace.spans > many", 15, "'many' is no whole number, which trace.spans is compared with", nil),
            ("status > ok", 8, "'>' means nothing for status, which has no order", "use = != in or not in"),
            (
                "duration =~ \"1.*\"", 10, "'=~' means nothing for duration, which is no text",
                "use = != < <= > >= or in"
            ),
            (
                "parent.service = x", 1, "'parent.service' is no field",
                "write 'parent { service … }', or \"parent.service\" for the attribute"
            ),
            (
                "service pay", 9, "a comparison is missing behind 'service': 'pay' is none",
                "write 'service = …', or 'exists service'"
            ),
            ("service is pay", 9, "a comparison is missing behind 'service': 'is' is none", "did you mean '='?"),
            (
                "service:pay", 12, "a comparison is missing behind 'service:pay': the end of the query is none",
                "did you mean 'service = …'?"
            ),
            ("a = b c = d", 7, "'and' or 'or' is missing before 'c'", "a text of several words needs quotation marks"),
            ("name = GET*", 11, "'and' or 'or' is missing before '*'", nil),
            ("a = 1 and", 10, "a condition is missing: the end of the query is none", nil),
            (
                "and a = 1", 1, "a condition is missing: 'and' is none",
                "'and' is a keyword; as the key of an attribute, quote it"
            ),
            ("exists", 7, "a field is missing after 'exists': the end of the query is none", nil),
            ("resource. = 5", 10, "the key is missing behind 'resource.'", nil),
            ("x in 5", 7, "'..' is missing behind '5'", "write 'x in (a, b)' for a list, 'x in 1..2' for a range"),
            ("x in (1, 2", 6, "'(' is never closed", "add ')'"),
            ("x in (1 2)", 9, "',' or ')' is missing before '2'", nil),
            ("x in ()", 7, "a value is missing after '(': ')' is none", nil),
            ("x in 5..1", 6, "the range ends before it begins", "swap its ends"),
            ("x in 5..a", 6, "the ends of a range are two numbers or two texts", nil),
            ("x in ..5", 6, "a range needs both ends", "use >= or <= where one end is open"),
            ("x = \"abc", 5, "the text that begins here is never closed", "add \" at its end"),
            (
                "x = \"a\\d\"", 7, "this is no escape; known are \\\" \\' \\\\ \\n \\t and \\u{…}",
                "write '\\\\' for a backslash"
            ),
            ("x = \"\\u{110000}\"", 6, "'\\u' is not followed by a character's number", "write '\\u{e9}' for é"),
            ("x = “abc”", 5, "'“' is not a quotation mark here", "use \" or '"),
            ("x = a%", 6, "'%' has no meaning here", "put text that contains it into quotation marks"),
            ("é👩‍👩‍👧 = \"a\" %", 10, "'%' has no meaning here", "put text that contains it into quotation marks"),
            (
                "name =~ \"a\\\"(b\"", 13, "'(' in the pattern is never closed",
                "add ')', or write '\\(' for the character"
            ),
            (
                "name =~ \"*a\"", 10, "'*' in the pattern has nothing before it to repeat",
                "write '.*' for any text, or '\\*' for the character"
            ),
            (
                "name =~ \"a\\b\"", 11, "'\\b' has no meaning in a pattern",
                "known are \\d \\w \\s \\D \\W \\S \\n \\r \\t"
            ),
            ("name =~ \"[a\"", 10, "'[' in the pattern is never closed", "add ']', or write '\\[' for the character"),
            (
                "name =~", 8, "a pattern is missing after '=~': the end of the query is none",
                "put the pattern into quotation marks"
            ),
        ] as [(String, Int, String, String?)])
    func mistakes(query: String, column: Int, message: String, hint: String?) {
        #expect(throws: QuerySyntaxError(query: query, column: column, message: message, hint: hint)) {
            try QueryExpression(parsing: query, now: 0)
        }
    }

    @Test("The description shows the line with a caret below the column")
    func description() {
        let error = QuerySyntaxError(query: "a = 1\nand\tb => 2", column: 13, message: "wrong", hint: "right")
        #expect(error.description == "query, column 13: wrong\n  and b => 2\n        ^\nright")
        let end = QuerySyntaxError(query: "a =", column: 4, message: "wrong")
        #expect(end.description == "query, column 4: wrong\n  a =\n     ^")
    }

    @Test(
        "What is too large is refused",
        arguments: [
            (
                String(repeating: "(", count: 65) + "a=1" + String(repeating: ")", count: 65), 65,
                "the query is nested more than 64 deep"
            ),
            (String(repeating: "! ", count: 65) + "a=1", 129, "the query is nested more than 64 deep"),
            (
                Array(repeating: "a=1", count: 257).joined(separator: " or "), 1793,
                "the query has more than 256 conditions"
            ),
            (
                Array(repeating: "child{}", count: 33).joined(separator: " or "), 353,
                "the query has more than 32 relations"
            ),
            ("a in (" + String(repeating: "1,", count: 1_000) + "1)", 2007, "'in' lists more than 1000 values"),
            (String(repeating: "a", count: 16_385), 1, "the query has 16385 bytes, more than 16384"),
            (
                "a =~ \"" + String(repeating: "(", count: 33) + "\"", 39,
                "groups of the pattern are nested more than 32 deep"
            ),
            ("a =~ \"((a{1000}){1000}){1000}\"", 7, "the pattern is too large"),
            ("a =~ \"((){1000}){1000}\"", 7, "the pattern is too large"),
            ("a =~ \"a{1001}\"", 8, "a count in the pattern is over 1000"),
        ] as [(String, Int, String)])
    func tooLarge(query: String, column: Int, message: String) throws {
        let error = try #require(throws: QuerySyntaxError.self) { try QueryExpression(parsing: query, now: 0) }
        #expect(error.column == column)
        #expect(error.message == message)
    }
}
