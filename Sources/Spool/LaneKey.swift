package import WireFormat

/// Which telemetry goes which way: what came in by one door, of one kind, for one collector. Each lane has files, numbers and
/// a sender's name of its own, so that no two threads write to one file and a batch is one stretch of it.
package struct LaneKey: Hashable, Sendable {
    /// Lower-case letters: `tcp`, `udp`, or `moved` for what was taken over from another collector's lane.
    package var door: String
    package var kind: SignalKind
    /// The collector's address as it is configured.
    package var collector: String

    package static let moved = "moved"

    package init(door: String, kind: SignalKind, collector: String) {
        self.door = door
        self.kind = kind
        self.collector = collector
    }

    /// The lane's directory in the spool: `tcp-traces-127.0.0.1_14317-5f3a9c1e`. The address in it is for people; the digits
    /// tell two addresses apart that look alike once written in the letters of file names.
    var directoryName: String {
        let readable = collector.utf8.prefix(80).map { byte -> Character in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."):
                Character(UnicodeScalar(byte))
            default: "_"
            }
        }
        let bytes = Array(collector.utf8)
        let digits = String(bytes.withUnsafeBytes { BodyDigest.of($0) } & 0xFFFF_FFFF | 1 << 32, radix: 16).dropFirst()
        return "\(door)-\(kind)-\(String(readable))-\(digits)"
    }
}
