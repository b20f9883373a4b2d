import SpanTokens
import Testing

@Suite("Text that is a number")
struct CanonicalNumberTests {
    @Test(
        "What is written exactly as a number is written canonically is that number",
        arguments: [
            ("0", 0), ("5", 5), ("-5", -5), ("500", 500), ("9223372036854775807", .max), ("-9223372036854775808", .min),
        ] as [(String, Int64)])
    func readsIntegers(text: String, value: Int64) { #expect(CanonicalNumber(text) == .integer(value)) }

    @Test("Decimals too", arguments: [("0.5", 0.5), ("-1.25", -1.25), ("1e-05", 1e-05), ("1e+16", 1e16)])
    func readsDecimals(text: String, value: Double) { #expect(CanonicalNumber(text) == .decimal(value)) }

    @Test(
        "All other text is text",
        arguments: [
            "", "-", "007", "-0", "+1", "1.0", "1.50", "NaN", "inf", "10.1.2.3", "2026-01-01", "1e5", "0x10", " 1",
            "1 ",
            "9223372036854775808", "-9223372036854775809", "1.", ".5", "--1", "1e", "1-2",
        ])
    func leavesText(text: String) { #expect(CanonicalNumber(text) == nil) }

    @Test(
        "Whole decimals are written as integers",
        arguments: [
            (500.0, "500"), (-0.0, "0"), (0.1, "0.1"), (.nan, "NaN"), (-.infinity, "-Infinity"), (1e300, "1e+300"),
        ])
    func writesDecimals(value: Double, text: String) { #expect(CanonicalNumber.text(value) == text) }
}
