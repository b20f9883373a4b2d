import Files
import StorageTesting
import Testing

@Suite struct KeptCountersTests {
    private static let names = ["spans.malformed", "spans.busy", "udp.datagrams"]

    /// Counters that were saved at 5, 70,000 and 0, and then went on to 8, 70,001 and 0.
    private func fill(_ directory: TemporaryDirectory) {
        let counters = KeptCounters(path: directory.path + "/counters", names: Self.names)
        counters.add("spans.malformed", 5)
        counters.add("spans.busy", 70_000)
        counters.save()
        counters.add("spans.malformed", 3)
        counters.add("spans.busy", 1)
    }

    private func values(_ counters: KeptCounters) -> [UInt64] { Self.names.map { counters.get($0) } }

    @Test("What was counted is there again, saved or not, also when other counters are kept beside it")
    func reopened() {
        let directory = TemporaryDirectory()
        fill(directory)
        let again = KeptCounters(path: directory.path + "/counters", names: ["new"] + Self.names.reversed())
        #expect(values(again) == [8, 70_001, 0])
        #expect(again.get("new") == 0)
        #expect(again.problems.isEmpty)
    }

    @Test("A flipped bit at any byte is told of, or changes no value")
    func flipped() {
        let directory = TemporaryDirectory()
        fill(directory)
        let bytes = directory.bytes("counters")
        #expect(bytes.count == 64 * 4)
        for offset in bytes.indices {
            for bit: UInt8 in [0, 3, 7] {
                directory.change("counters") {
                    $0 = bytes; $0[offset] ^= 1 << bit
                }
                let again = KeptCounters(path: directory.path + "/counters", names: Self.names)
                let isHarmless = values(again) == [8, 70_001, 0]
                #expect(isHarmless || !again.problems.isEmpty, "byte \(offset), bit \(bit): \(values(again))")
                // A value is never worse than what was saved last.
                let isName = offset >= 64 && offset % 64 < 36
                #expect(isName || again.get("spans.busy") >= 70_000 && again.get("spans.busy") <= 70_001)
            }
        }
    }

    @Test("A file of any length, or of nothing but noise, does not keep the counters from working")
    func foreignFile() {
        let directory = TemporaryDirectory()
        fill(directory)
        let bytes = directory.bytes("counters")
        let noise = (0..<1000).map { UInt8(truncatingIfNeeded: $0 &* 193 &+ $0 / 7) }
        for content in stride(from: 0, to: bytes.count, by: 13).map({ Array(bytes.prefix($0)) }) + [noise] {
            directory.write(content, to: "counters")
            let counters = KeptCounters(path: directory.path + "/counters", names: Self.names)
            let before = counters.get("udp.datagrams")
            counters.add("udp.datagrams", 2)
            #expect(counters.get("udp.datagrams") == before + 2)
        }
    }

    @Test("Where there can be no file the counters work in memory, and say so")
    func noFile() {
        let counters = KeptCounters(path: "/proc/none/counters", names: Self.names)
        counters.add("spans.busy", 7)
        #expect(counters.get("spans.busy") == 7)
        #expect(counters.problems.count == 1)
        #expect(KeptCounters(path: nil, names: Self.names).problems.isEmpty)
    }
}
