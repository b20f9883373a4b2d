import Glibc
import Testing
import TraceAssembly
import TraceTesting

/// Hand-made traces with what must come of them. `Golden/README.md` tells how they are written and checked.
@Suite("Golden traces give golden trees")
struct GoldenTraceTests {
    private static let directory =
        #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast()
        .joined(separator: "/") + "/Golden/"
    private static let isToBeWritten = getenv("WRITE_GOLDEN_TRACES") != nil

    static let names = (try? TextFile.names(in: directory, ending: ".trace")) ?? []

    @Test("There are at least 40, and each has what is expected of it")
    func complete() throws {
        #expect(Self.names.count >= 40)
        #expect(try TextFile.names(in: Self.directory, ending: ".golden") == Self.names)
    }

    @Test(
        "The tree is the expected one, byte for byte, and does not depend on the order of the spans", arguments: names)
    func golden(name: String) throws {
        let file = try TraceFile(try TextFile.read(Self.directory + name + ".trace"))
        let found = goldenText(assemble(file.spans, as: file.traceID))
        let reversed = goldenText(assemble(file.spans.reversed(), as: file.traceID))
        #expect(reversed == found)
        if Self.isToBeWritten { try TextFile.write(found, to: Self.directory + name + ".golden") }
        let expected = try TextFile.read(Self.directory + name + ".golden")
        #expect(found.utf8.elementsEqual(expected.utf8), "\(difference(from: expected, to: found))")
    }

    @Test("Differences are told line by line")
    func differences() {
        #expect(difference(from: "a\nb\nc", to: "a\nx\nc") == "\n  a\n- b\n+ x\n  c")
        #expect(difference(from: "a", to: "a\nb") == "\n  a\n+ b")
    }

    /// The lines of both: `-` expected and not there, `+` there and not expected.
    private func difference(from expected: String, to found: String) -> String {
        let before = expected.split(separator: "\n", omittingEmptySubsequences: false)
        let after = found.split(separator: "\n", omittingEmptySubsequences: false)
        var removed: Set<Int> = []
        var inserted: Set<Int> = []
        for change in after.difference(from: before) {
            switch change {
            case .remove(let offset, _, _): removed.insert(offset)
            case .insert(let offset, _, _): inserted.insert(offset)
            }
        }
        var lines = ""
        var (left, right) = (0, 0)
        while left < before.count || right < after.count {
            if removed.contains(left) {
                lines += "\n- " + before[left]
                left += 1
            } else if inserted.contains(right) {
                lines += "\n+ " + after[right]
                right += 1
            } else {
                lines += "\n  " + before[left]
                left += 1
                right += 1
            }
        }
        return lines
    }
}
