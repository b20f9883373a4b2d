import Testing
import TraceModel

@Suite struct IdentifierTests {
    @Test("A trace id reads 32 digits of either case and writes lower case")
    func traceIDText() throws {
        let id = try #require(TraceID(hex: "0AF7651916cd43dd8448eb211c80319C"))
        #expect(id == TraceID(high: 0x0AF7_6519_16CD_43DD, low: 0x8448_EB21_1C80_319C))
        #expect(id.description == "0af7651916cd43dd8448eb211c80319c")
        #expect(id.bytes.first == 0x0A && id.bytes.last == 0x9C && id.bytes.count == 16)
    }

    @Test(
        "A trace id of another length or with other characters is refused",
        arguments: [
            "", "0", "0af7651916cd43dd8448eb211c80319", "0af7651916cd43dd8448eb211c80319c0",
            "0af7651916cd43dd8448eb211c80319g", "+af7651916cd43dd8448eb211c80319c", "０af7651916cd43dd8448eb211c80319",
        ])
    func badTraceID(text: String) { #expect(TraceID(hex: text) == nil) }

    @Test("A span id reads 16 digits of either case and writes lower case")
    func spanIDText() throws {
        let id = try #require(SpanID(hex: "B7AD6B7169203331"))
        #expect(id.value == 0xB7AD_6B71_6920_3331)
        #expect(id.description == "b7ad6b7169203331")
        #expect(id.bytes == [0xB7, 0xAD, 0x6B, 0x71, 0x69, 0x20, 0x33, 0x31])
    }

    @Test(
        "A span id of another length or with other characters is refused",
        arguments: ["", "b7ad6b716920333", "b7ad6b71692033311", "b7ad6b716920333 "])
    func badSpanID(text: String) { #expect(SpanID(hex: text) == nil) }

    @Test("Zero is told apart and small values keep their leading zeros")
    func zero() {
        #expect(TraceID(high: 0, low: 0).isZero)
        #expect(!TraceID(high: 1, low: 0).isZero && !TraceID(high: 0, low: 1).isZero)
        #expect(TraceID(high: 0, low: 1).description == "00000000000000000000000000000001")
        #expect(SpanID(value: 0).isZero && SpanID(value: 0x1F).description == "000000000000001f")
    }

    @Test("Ids order by their value, the high half first")
    func order() {
        #expect(TraceID(high: 1, low: 0) > TraceID(high: 0, low: .max))
        #expect(SpanID(value: 1) < SpanID(value: .max))
    }

    @Test("Random ids skip zero")
    func randomSkipsZero() {
        var generator = Scripted(values: [0, 0, 0, 7, 0, 9])
        #expect(TraceID.random(using: &generator) == TraceID(high: 0, low: 7))
        #expect(SpanID.random(using: &generator) == SpanID(value: 9))
    }
}

private struct Scripted: RandomNumberGenerator {
    var values: [UInt64]
    mutating func next() -> UInt64 { values.removeFirst() }
}
