import Files

package struct SpoolOptions: Sendable {
    package enum Sync: Equatable, Sendable {
        /// What was acknowledged is on the disk.
        case always
        /// What was acknowledged is on the disk so long afterwards.
        case every(Duration)
    }

    /// Nil keeps everything in memory.
    package var directory: String?
    /// Of all segment files together.
    package var maxBytes = 512 << 20
    /// Of all segments in memory together, while the directory cannot be had.
    package var maxMemoryBytes = 16 << 20
    /// Without the directory nothing is taken.
    package var isRequired = false
    package var sync = Sync.every(.seconds(1))
    package var batchBytes = 1 << 20
    package var maxDelay = Duration.milliseconds(200)
    /// While so many batches of a lane wait, its next one goes on filling however old it is.
    package var fewBatches = 4
    /// How long a directory that failed is left alone.
    package var retryPause = Duration.seconds(1)
    package var maxQuarantineBytes = 16 << 20
    package var maxRefusedBytes = 64 << 20

    package init(directory: String?) { self.directory = directory }

    /// Small enough that space is given back in steps while little is allowed, large enough that files are few.
    var segmentBytes: Int { min(max(8 << 20, maxBytes / 256), max(128 << 10, maxBytes / 16)) }

    /// Changes when the machine starts, and with it what was not on the disk yet is gone.
    package var bootID = SpoolOptions.currentBootID()

    private static func currentBootID() -> String {
        var bytes: [UInt8] = []
        guard let file = try? ReadFile("/proc/sys/kernel/random/boot_id"),
            (try? file.read(64, at: 0, into: &bytes)) != nil
        else { return "" }
        return String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    }
}
