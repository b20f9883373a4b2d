import Files
import SegmentStore

/// The files of a store by what they mean for a copy.
struct StoreFiles {
    /// Numbers of the logs.
    var logs: Set<String> = []
    /// Files beside a log that are written once it has ended, by its number.
    var companions: [String: [String]] = [:]
    /// The ledger and whatever else stands there, replaced whole when it changes.
    var others: [String] = []

    static let ledger = "ledger"

    init(_ directory: String) throws(StorageFailure) {
        for name in try listDirectory(directory) {
            guard name != "lock", !name.hasSuffix(".new"), !name.hasPrefix(".") else { continue }
            let stem = String(name.prefix { $0.isASCII && $0.isNumber })
            let ending = name.dropFirst(stem.count)
            if stem.utf8.count >= 8, ending.hasPrefix(".") {
                if ending == ".log" { logs.insert(stem) } else { companions[stem, default: []].append(name) }
            } else if FileCopy.look(directory + "/" + name) != nil {
                others.append(name)
            }
        }
    }

    /// Other logs, such as that of audits, have no frames.
    static func isSegmentLog(_ name: String) -> Bool {
        name.hasSuffix(".log") && name.dropLast(4).utf8.count >= 8
            && name.dropLast(4).utf8.allSatisfy { $0 &- 0x30 < 10 }
    }

    var isEmpty: Bool { logs.isEmpty && others.isEmpty }
}
