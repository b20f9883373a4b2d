import Files
import StorageTesting
import Testing

@testable import SegmentStore

@Suite("Power cuts, after which all that was not synchronized may be there, missing or torn") struct PowerCutTests {
    /// The long form: HMS_POWER_CUTS=20000 HMS_SEED=7, or `make power`.
    private static let cutsOfASeed = 20
    private static let seeds: [UInt64] = {
        let count = LongRun.count("HMS_POWER_CUTS", short: 200) / cutsOfASeed
        let first = LongRun.seed(short: 1)
        return (0..<UInt64(max(1, count))).map { first &+ $0 }
    }()

    @Test(
        "Every acknowledged batch is there once, no other twice, the ledger adds up, and what comes again is known",
        arguments: seeds)
    func cuts(seed: UInt64) throws {
        var load = PowerCutLoad(seed: seed)
        for _ in 0..<Self.cutsOfASeed { try load.live() }
        try load.end()
        // A load that never sealed, deleted or lost anything would prove nothing.
        #expect(load.sealedSegments > 10 && load.deletedBatches > 20 && load.unanswered > 5, "seed \(seed): \(load)")
    }

    @Test("What was synchronized outlives the cut; what was not may be torn by sectors, cut, or missing")
    func storageLeavesLegalStates() throws {
        let before = [UInt8](repeating: 1, count: 2048)
        var contents: Set<[UInt8]> = []
        var names: Set<[String]> = []
        for seed in UInt64(0)..<200 {
            var generator = SeededGenerator(seed: seed)
            let directory = TemporaryDirectory()
            let storage = PowerCutStorage(directory: directory)
            let file = try storage.create(directory.path + "/a")
            try file.write(before, at: 0)
            try file.synchronize()
            try storage.synchronizeDirectory(directory.path)
            try file.write([UInt8](repeating: 2, count: 2048), at: 512)
            try storage.create(directory.path + "/b").write([3], at: 0)
            try storage.rename(directory.path + "/b", to: directory.path + "/c")
            let left = TemporaryDirectory()
            storage.leave(in: left, using: &generator)
            let bytes = left.bytes("a")
            #expect([2048, 2560].contains(bytes.count))
            #expect(bytes.prefix(512) == before.prefix(512))
            for sector in 1..<bytes.count / 512 {
                let values = Set(bytes[sector * 512..<sector * 512 + 512])
                #expect(
                    values.count == 1 && values.isSubset(of: sector < 4 ? [1, 2] : [0, 2]), "\(sector): \(values)")
            }
            contents.insert(bytes)
            names.insert(left.names())
            #expect(throws: (any Error).self) { try file.write([9], at: 0) }
        }
        #expect(contents.count > 10)
        #expect(names == [["a"], ["a", "b"], ["a", "c"]])
    }
}
