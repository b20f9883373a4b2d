import Refining
import WireFormat

@c(LLVMFuzzerTestOneInput)
public func testOneInput(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
    check(UnsafeBufferPointer(start: data, count: size))
    return 0
}

/// Refiners that do everything at once: with a mask, by leaving attributes out, and with rules that look at each text.
/// Unsafe in name only: libFuzzer calls from one thread.
private nonisolated(unsafe) let refiners: [Refiner] = RedactionMode.allCases.map { mode in
    var options = RefiningRules.RedactionOptions()
    options.mode = mode
    options.salt = RedactionSalt(text: "the same in each run")
    if mode == .drop { options.patterns = #"pin: \b(\d{4,6})\b"# }
    do throws(RuleError) {
        let sampling = mode == .mask ? "" : "service=a* ratio=0.5; name=\"b*\" ratio=0"
        return Refiner(
            try RefiningRules(redaction: options, sampling: sampling, attributes: [("k", "v"), ("service.name", "s")]))
    } catch {
        preconditionFailure("\(error)")
    }
}

/// One input: the first byte chooses the signal and the rules; the rest is a message, or one text of a message.
private func check(_ input: UnsafeBufferPointer<UInt8>) {
    guard let choice = input.first else { return }
    let rest = Array(input.dropFirst())
    let kind = SignalKind.allCases[Int(choice & 3) % 3]
    let refiner = refiners[Int(choice >> 2 & 3) % refiners.count]
    var message = rest
    if choice & 0x80 != 0, let text = String(validating: rest, as: UTF8.self) {
        var writer = ProtobufWriter()
        writer.message(1) {
            $0.message(1) {
                $0.message(1) { writer in
                    writer.string(1, "note")
                    writer.message(2) { $0.string(1, text) }
                }
            }
        }
        message = writer.bytes
    }
    var scanner = TelemetryScanner(collectsTraces: false)
    let isValid = (try? scanner.scan(message.span, as: kind)) != nil
    let items = scanner.items + scanner.refusedCount
    var output: [UInt8] = [1]
    let outcome: RefiningOutcome
    do throws(WireError) {
        outcome = try refiner.refine(message.span, kind, into: &output)
    } catch {
        precondition(!isValid, "refuses what the scanner takes: \(error)")
        precondition(output == [1])
        return
    }
    guard outcome.isChanged else { return precondition(output == [1]) }
    output.removeFirst()
    guard isValid else { return }
    do throws(WireError) {
        try scanner.scan(output.span, as: kind)
    } catch {
        preconditionFailure("what comes out is malformed: \(error)")
    }
    precondition(scanner.items + scanner.refusedCount == items - outcome.sampledOut, "items are lost")
    // Another pass keeps what was kept. It may find more: as a text becomes shorter, other parts of it come into view.
    var again: [UInt8] = []
    let next = try? refiner.refine(output.span, kind, into: &again)
    precondition(next?.sampledOut == 0, "what was kept is not kept again")
}
