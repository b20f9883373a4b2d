import EventLoop

/// One key that opens the doors: its name, its digest, and how much it allows. The key itself is not kept.
struct AccessKey: Sendable, Equatable {
    let name: String
    /// SHA-256 of the key.
    let digest: [UInt8]
    /// nil where there is no limit.
    var requestsPerSecond: Int?
    var bytesPerSecond: Int?
}
