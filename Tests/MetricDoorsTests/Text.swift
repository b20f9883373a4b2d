import EventLoop
import Receiving
import SelfTelemetry
import WireFormat

@testable import MetricDoors

extension StatsDWindow {
    /// What became of one line, or its fault.
    mutating func take(_ text: String) -> Result<Outcome, StatsDFault> {
        let bytes = Array(text.utf8)
        do throws(StatsDFault) { return .success(try take(bytes.span, bytes.indices)) } catch { return .failure(error) }
    }
}

extension MetricFamily {
    /// The number of the point with these attributes, written `a=1,b=2`.
    func number(_ attributes: String = "") -> Double? {
        let point = points.first { $0.attributes.map { "\($0.name)=\($0.value)" }.joined(separator: ",") == attributes }
        switch point?.value {
        case .double(let value)?: return value
        case .integer(let value)?: return Double(value)
        default: return nil
        }
    }
}

extension [MetricFamily] {
    subscript(name: String) -> MetricFamily? { first { $0.name == name } }
}

/// Answers as a test wants, and remembers what it took.
final class ScriptedSink: TelemetrySink {
    var accepted: [AcceptedTelemetry] = []
    var isBusy = false

    func accept(
        _ telemetry: consuming AcceptedTelemetry, _ memory: BudgetShare?, _ done: @escaping (SinkAnswer) -> Void
    ) {
        guard !isBusy else { return done(.busy(reason: "full", retryAfter: .milliseconds(1))) }
        accepted.append(telemetry)
        done(.accepted)
    }

    /// Items as the scanner of the doors counts them; -1 for what it refuses.
    var scannedItems: [Int] {
        accepted.map { telemetry in
            var scanner = TelemetryScanner(collectsTraces: false)
            do {
                try scanner.scan(telemetry.bytes.span, as: telemetry.kind)
                return scanner.items
            } catch {
                return -1
            }
        }
    }
}
