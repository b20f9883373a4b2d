import OpsCommands
import Testing

@Suite("Suggestions for misspelt words")
struct SuggestionTests {
    @Test(
        "The word that was meant is found",
        arguments: [
            ("tarce", "trace"), ("chek", "check"), ("upp", "up"), ("completion", "completions"),
            ("comp", "completions"),
            ("laod", "load"), ("trase", "trace"),
        ])
    func finds(word: String, meant: String) {
        let known = ["up", "erase", "trace", "load", "check", "completions", "--help", "--version"]
        #expect(Suggestion.nearest(to: word, among: known) == meant)
    }

    @Test("A word far from all others suggests nothing", arguments: ["xyzzy", "q", "frobnicate"])
    func findsNothing(word: String) {
        #expect(Suggestion.nearest(to: word, among: ["up", "trace", "load"]) == nil)
    }

    @Test(
        "Distance counts letters put in, left out, replaced and swapped",
        arguments: [("", "", 0), ("a", "", 1), ("ab", "ba", 1), ("trace", "tarce", 1), ("kitten", "sitting", 3)])
    func distance(left: String, right: String, expected: Int) {
        #expect(Suggestion.distance(left, right) == expected)
        #expect(Suggestion.distance(right, left) == expected)
    }
}
