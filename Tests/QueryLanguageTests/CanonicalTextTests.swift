import OTLP
import QueryLanguage
import Testing

@Suite("How values are written where they are compared")
struct CanonicalTextTests {
    @Test(
        "Each value has one text, or none",
        arguments: [
            (.string("a b"), "a b"), (.string(""), ""), (.int(500), "500"), (.int(.min), "-9223372036854775808"),
            (.double(500), "500"), (.double(-0.0), "0"), (.double(0), "0"), (.double(1.5), "1.5"),
            (.double(0.1), "0.1"),
            (.double(-2.50), "-2.5"), (.double(9_007_199_254_740_991), "9007199254740991"),
            (.double(9_007_199_254_740_992), "9007199254740992.0"), (.double(1e16), "1e+16"),
            (.double(1e300), "1e+300"),
            (.double(1e-7), "1e-07"), (.double(.leastNonzeroMagnitude), "5e-324"), (.double(.nan), "NaN"),
            (.double(.infinity), "Infinity"),
            (.double(-.infinity), "-Infinity"), (.bool(true), "true"), (.bool(false), "false"),
            (.bytes([1, 2]), "AQI="),
            (.bytes([]), ""), (.empty, nil), (.array([.int(1)]), nil), (.map([]), nil),
        ] as [(AttributeValue, String?)])
    func ofAttributes(value: AttributeValue, text: String?) {
        #expect(canonicalText(value) == text)
    }

    @Test(
        "A query's value is written like an attribute's",
        arguments: [
            (.text("x"), "x"), (.integer(-7), "-7"), (.decimal(500), "500"), (.decimal(-0.0), "0"),
            (.decimal(1e300), "1e+300"),
            (.bool(true), "true"),
        ] as [(QueryValue, String)])
    func ofQueryValues(value: QueryValue, text: String) {
        #expect(canonicalText(value) == text)
    }
}
