import ForeignTraces
import OTLP
import Testing
import TraceModel

@Suite("Hostile documents are refused or read, and nothing else happens")
struct HostileDocumentTests {
    private static let jaeger = """
        {"data":[{"traceID":"1","spans":[{"traceID":"1","spanID":"2","flags":1,"operationName":"o","references":[
        {"refType":"CHILD_OF","traceID":"1","spanID":"3"}],"startTime":17,"duration":1.5,"tags":[{"key":"k","type":"int64",
        "value":"9"},{"key":"b","type":"binary","value":"AAAw"}],"logs":[{"timestamp":5,"fields":[{"key":"event","type":
        "string","value":"e"}]}],"processID":"p1","warnings":null}],"processes":{"p1":{"serviceName":"s","tags":[]}}}]}
        """
    private static let zipkin = """
        [[{"traceId":"1","id":"2","parentId":"3","kind":"CLIENT","name":"n","timestamp":5,"duration":6,"localEndpoint":
        {"serviceName":"s","ipv4":"1.2.3.4","port":80},"annotations":[{"timestamp":7,"value":"v"}],"tags":{"error":"x"},
        "debug":true},{"traceId":"1","id":"2","kind":"SERVER","shared":true}]]
        """
    /// What a mutation writes: mostly bytes that mean something.
    private static let alphabet = Array("{}[]\":,\\u0019-.eE ntf\u{0}\u{7F}é".utf8) + [0xFF, 0xC0, 0x80]

    @Test(
        "Documents with bytes changed, dropped and doubled never trap, and errors point into them",
        arguments: [true, false])
    func mutations(isJaeger: Bool) throws {
        let seed = UInt64.random(in: 1...UInt64.max)
        var state = seed
        func random(below bound: Int) -> Int {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return Int(state % UInt64(bound))
        }
        let original = Array((isJaeger ? Self.jaeger : Self.zipkin).utf8)
        let read: ([UInt8]) throws(ForeignTraceError) -> [SpanValue] = { (bytes) throws(ForeignTraceError) in
            isJaeger ? try readJaegerJSON(bytes) : try readZipkinJSON(bytes)
        }
        #expect(try read(original).count == (isJaeger ? 1 : 2))
        var (refused, taken) = (0, 0)
        for _ in 0..<4000 {
            var bytes = original
            for _ in 0...random(below: 3) {
                let place = random(below: bytes.count)
                switch random(below: 4) {
                case 0: bytes[place] = Self.alphabet[random(below: Self.alphabet.count)]
                case 1: bytes.remove(at: place)
                case 2: bytes.insert(Self.alphabet[random(below: Self.alphabet.count)], at: place)
                default: bytes.removeSubrange(place..<min(bytes.count, place + random(below: 20)))
                }
            }
            do throws(ForeignTraceError) {
                for span in try read(bytes) where span.traceID.isZero || span.spanID.isZero {
                    Issue.record("seed \(seed): a span without ids from \(String(decoding: bytes, as: UTF8.self))")
                }
                taken += 1
            } catch {
                refused += 1
                guard error.offset > bytes.count || error.line < 1 || "\(error)".isEmpty else { continue }
                Issue.record("seed \(seed): \(error) for \(String(decoding: bytes, as: UTF8.self))")
            }
        }
        #expect(refused > 400 && taken > 400, "seed \(seed)")
    }

    @Test("Every beginning of a document is refused")
    func prefixes() {
        let jaeger = Array(Self.jaeger.utf8)
        for end in 0..<jaeger.count {
            #expect(throws: ForeignTraceError.self) { try readJaegerJSON(Array(jaeger[..<end])) }
        }
        let zipkin = Array(Self.zipkin.utf8)
        for end in 0..<zipkin.count {
            #expect(throws: ForeignTraceError.self) { try readZipkinJSON(Array(zipkin[..<end])) }
        }
    }
}
