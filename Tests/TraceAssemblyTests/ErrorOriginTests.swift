import Testing

@testable import TraceAssembly

@Suite("Failing spans that explain a failure are told from those that repeat it")
struct ErrorOriginTests {
    /// A tree in depth-first order, one node a letter below the parent given: `E` fails, `o` succeeded, `-` is silent, small
    /// `e` fails and is async.
    private func origins(_ nodes: String, below parent: [Int32]) -> String {
        let letters = Array(nodes)
        let found = ErrorOrigins(
            parent: parent, isError: letters.map { $0 == "E" || $0 == "e" }, isSilent: letters.map { $0 == "-" },
            isAsync: letters.map { $0 == "e" })
        return String(found.isOrigin.map { $0 ? "!" : "." })
    }

    @Test(
        "What a tree of failures comes from",
        arguments: [
            ("", [], ""),
            ("o", [-1], "."),
            ("E", [-1], "!"),
            ("EEE", [-1, 0, 1], "..!"),
            // Two causes below one failure.
            ("EEoE", [-1, 0, 0, 0], ".!.!"),
            // Handled by a parent that succeeded; the failure above has another reason.
            ("EoE", [-1, 0, 1], "!.."),
            ("EooEE", [-1, 0, 1, 2, 3], "!...."),
            // Handled, and nothing above fails.
            ("ooEE", [-1, 0, 1, 2], "...!"),
            // Through those that do not tell.
            ("E--E", [-1, 0, 1, 2], "...!"),
            ("--EE", [-1, 0, 1, 2], "...!"),
            ("Eo-E", [-1, 0, 1, 2], "!..."),
            ("E-oE", [-1, 0, 1, 2], "!..."),
            // A failure below a handled one is handled with it.
            ("EoE-E", [-1, 0, 1, 2, 3], "!...."),
            // Async: explains itself, nothing above.
            ("Ee", [-1, 0], "!!"),
            ("EeE", [-1, 0, 1], "!.!"),
            ("EoeE", [-1, 0, 1, 2], "!..!"),
            // Several roots.
            ("EEoE", [-1, -1, -1, 2], "!!.!"),
        ] as [(String, [Int32], String)])
    func table(nodes: String, parent: [Int32], expected: String) {
        #expect(origins(nodes, below: parent) == expected)
    }

    @Test("A chain of 200,000 failures has one origin")
    func deep() {
        let count = 200_000
        let failing = Array(repeating: true, count: count)
        let none = Array(repeating: false, count: count)
        let found = ErrorOrigins(
            parent: (0..<Int32(count)).map { $0 - 1 }, isError: failing, isSilent: none, isAsync: none)
        #expect(found.isOrigin.firstIndex(of: true) == count - 1)
    }

    @Test("Random trees agree with the definition, and every failing trace has an origin", arguments: [10_000])
    func random(traces: Int) {
        for seed in 0..<UInt64(traces) {
            var generator = SeededGenerator(seed: seed)
            let letters = (0..<Int.random(in: 0...14, using: &generator)).map { _ in
                "EEoo--e".randomElement(using: &generator)!
            }
            let parent = letters.indices.map {
                Int32.random(in: max(-1, Int32($0) - 4)..<Int32(max(0, $0)), using: &generator)
            }
            let found = origins(String(letters), below: parent)
            let expected = String(letters.indices.map { isOrigin($0, letters, parent) ? "!" : "." })
            if found != expected {
                Issue.record("seed \(seed): \(String(letters)) \(parent): \(found), not \(expected)")
            }
            let fails = letters.contains("E") || letters.contains("e")
            if fails != found.contains("!") { Issue.record("seed \(seed): \(String(letters)) \(parent): \(found)") }
        }
    }

    /// The definition, word for word and slow.
    private func isOrigin(_ node: Int, _ letters: [Character], _ parent: [Int32]) -> Bool {
        func fails(_ node: Int) -> Bool { letters[node] == "E" || letters[node] == "e" }
        func reaches(_ below: Int) -> Bool {
            var at = below
            while letters[at] != "e", parent[at] >= 0 {
                at = Int(parent[at])
                if at == node { return true }
                if letters[at] != "-" { return false }
            }
            return false
        }
        guard fails(node), !letters.indices.contains(where: { $0 > node && fails($0) && reaches($0) }) else {
            return false
        }
        var at = node
        var isHandled = false
        while letters[at] != "e", parent[at] >= 0 {
            at = Int(parent[at])
            if letters[at] == "o" { isHandled = true }
            if fails(at), isHandled { return false }
        }
        return true
    }
}
