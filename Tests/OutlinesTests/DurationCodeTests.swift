import Outlines
import Testing

@Suite("Durations in 16 bits")
struct DurationCodeTests {
    @Test("Each duration lies within what its code stands for, which is 1/1024 of it wide at most")
    func holdsWhatItStandsFor() throws {
        var durations: [UInt64] = [0, 1, 1023, 1024, 1025, .max, .max - 1]
        for shift in 0..<64 as Range<UInt64> {
            durations += [1 << shift, (1 << shift) - 1, (1 << shift) + (1 << shift) / 3]
        }
        for duration in durations {
            let range = try #require(DurationCode.durations(of: DurationCode.of(duration)))
            #expect(range.contains(duration), "\(duration)")
            #expect(range.upperBound - range.lowerBound <= duration / 1024, "\(duration)")
        }
    }

    @Test("Codes follow each other without a gap, up to the longest duration")
    func hasNoGaps() throws {
        var next: UInt64 = 0
        var code: UInt16 = 0
        while let range = DurationCode.durations(of: code) {
            #expect(range.lowerBound == next)
            #expect(DurationCode.of(range.lowerBound) == code)
            #expect(DurationCode.of(range.upperBound) == code)
            if range.upperBound == .max { break }
            next = range.upperBound + 1
            code += 1
        }
        #expect(code == 56_319)
        #expect(DurationCode.durations(of: code + 1) == nil)
    }
}
