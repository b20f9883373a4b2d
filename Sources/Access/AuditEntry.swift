import JSON
import SelfTelemetry

/// One line of the audit log: an administrative act, who did it, and the digest of the line before.
///
///     {"seq":7,"time":"2026-11-20T12:42:18.123Z","act":"keys_changed","by":"system","added":"pay","prev":"<64 digits>"}
///
/// `seq` counts from 1 without a gap. `prev` is the SHA-256 of the line before, without its newline; of the first line, 64
/// zeros.
package struct AuditEntry: Sendable, Equatable {
    package var sequence: UInt64
    /// Nanoseconds since 1970, written in milliseconds.
    package var time: UInt64
    /// A word that programs can compare.
    package var act: String
    /// `system`, or `key NAME`, or `nobody` where no key was shown.
    package var by: String
    package var details: [Detail]
    /// 64 hexadecimal digits.
    package var previous: String

    package struct Detail: Sendable, Equatable {
        package var name: String
        package var value: String

        package init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    /// Of a detail; more is cut, so that a line stays a line.
    static let longestValue = 1024
    static let firstPrevious = String(repeating: "0", count: 64)

    /// Without the newline.
    var line: [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.key("seq")
            writer.number(sequence)
            member("time", WallClock.rfc3339(unixNanoseconds: time), &writer)
            member("act", act, &writer)
            member("by", by, &writer)
            for detail in details { member(detail.name, detail.value, &writer) }
            member("prev", previous, &writer)
        }
        return writer.bytes
    }

    private func member(_ name: String, _ value: String, _ writer: inout JSONWriter) {
        writer.key(name)
        writer.string(value.utf8.count <= Self.longestValue ? value : String(value.prefix(Self.longestValue / 4)) + "…")
    }

    /// What links a line to the one before; nil where the line is no entry.
    static func link(of line: ArraySlice<UInt8>) -> (sequence: UInt64, previous: String)? {
        guard let json = try? JSONParser.parse(Array(line), depthLimit: 4),
            let sequence = json["seq"]?.integer(as: UInt64.self), let previous = json["prev"]?.string
        else { return nil }
        return (sequence, previous)
    }
}
