import Files

/// The files of an audit log: `audit.log`, and older ones as `audit.log.1` (the newest of them) to `audit.log.8`.
package struct AuditFiles: Sendable {
    package let directory: String
    package static let name = "audit.log"
    /// Older files that are kept.
    static let kept = 8
    /// A file is set aside when it reaches this.
    static let longestFile = 4 << 20

    package init(directory: String) { self.directory = directory }

    package var current: String { "\(directory)/\(Self.name)" }
    func older(_ number: Int) -> String { "\(current).\(number)" }

    /// Those that are there, the oldest first.
    package var existing: [String] {
        ((1...Self.kept).reversed().map(older) + [current]).filter { fileExists($0) }
    }

    /// The lines of one file, without their newlines; what follows the last newline is `torn`.
    package static func lines(of path: String) throws(AuditProblem) -> (lines: [ArraySlice<UInt8>], torn: Int) {
        var bytes: [UInt8] = []
        do throws(StorageFailure) {
            let file = try ReadFile(path)
            // A file may be longer than the bound by a line, which has bounds of its own.
            try file.read(min(try file.size(), 2 * longestFile), at: 0, into: &bytes)
        } catch {
            throw AuditProblem(description: "\(error)")
        }
        var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        let torn = lines.popLast()?.count ?? 0
        return (lines, torn)
    }

    /// Checks all lines of all files. The first that does not fit ends it.
    package func verify() throws(AuditProblem) -> AuditChain {
        var chain = AuditChain()
        for path in existing {
            let (lines, torn) = try Self.lines(of: path)
            for (index, line) in lines.enumerated() {
                do throws(AuditChain.Break) {
                    try chain.check(line, isOldest: true)
                } catch {
                    throw AuditProblem(description: "\(path):\(index + 1): the line \(error)")
                }
            }
            // The newest may be being written just now.
            guard torn == 0 || path == current else {
                throw AuditProblem(description: "\(path): the last line is cut off")
            }
        }
        return chain
    }
}

package struct AuditProblem: Error, Sendable, Equatable, CustomStringConvertible {
    package let description: String

    package init(description: String) { self.description = description }
}
