import EventLoop

/// Bounds on everything a peer controls. Each one that is hit is counted under an `HTTPRefusal`.
package struct HTTPLimits: Sendable {
    package var maxConnections = 1024
    package var maxConcurrentStreams: UInt32 = 100
    /// Names, values and 32 bytes for each field, as RFC 9113 counts them; the request line too over HTTP/1.1.
    package var maxHeaderBytes = 16 << 10
    /// Of one body as it comes, before decompression.
    package var maxBodyBytes = 16 << 20
    /// Unsent answers of one connection; over it no more is read from that connection.
    package var maxOutputBytes = 1 << 20
    /// Answers of this server together that peers have not taken; a service that makes large ones refuses over it.
    package var maxUnsentBytes = 64 << 20
    package var streamWindow: UInt32 = 4 << 20
    package var connectionWindow: UInt32 = 16 << 20
    /// From the first byte of a request, or of a connection, to the end of its header.
    package var headerTimeout = Duration.seconds(10)
    /// A body slower than this over `headerTimeout` is given up, and a peer that takes its answers slower than this over
    /// `writeTimeout` is dropped.
    package var minBodyBytesPerSecond = 1 << 10
    /// A connection without a request for so long is closed.
    package var idleTimeout = Duration.seconds(300)
    /// A peer that takes no byte of its answers for so long is dropped.
    package var writeTimeout = Duration.seconds(30)
    /// Whether the request of an answer that goes on may still be answered is asked again after so long.
    package var authorizeAgainAfter = Duration.seconds(30)
    package var maxSettingsPerTenSeconds = 1000
    package var maxPingsPerTenSeconds = 1000
    package var maxPriorityFrames = 10_000
    package var maxEmptyDataFramesInARow = 100
    /// Streams that we reset within ten seconds because of what the peer did on them.
    package var maxProvokedResets = 1000
    /// Requests with oversized headers, after which the connection is closed.
    package var maxOversizedHeaders = 3

    package init() {}

    /// How often deadlines are looked at: often enough that none is missed by much.
    var sweepInterval: Duration {
        min(.seconds(1), max(.milliseconds(50), min(headerTimeout, writeTimeout, idleTimeout) / 2))
    }

    func leastBytes(in time: Duration) -> Int {
        Int(clamping: time.wholeNanoseconds / 1_000_000) * minBodyBytesPerSecond / 1000
    }

    /// Whether a body that began so long ago should have brought more bytes.
    func isTooSlow(_ bytes: Int, for age: Duration) -> Bool {
        age > headerTimeout && bytes < leastBytes(in: age)
    }
}

/// Why a connection or request was turned away. The raw value is the `reason` label of its counter.
package enum HTTPRefusal: String, CaseIterable, Sendable {
    case tooManyConnections = "too_many_connections"
    case outOfDescriptors = "out_of_descriptors"
    case malformed = "malformed"
    case tls = "tls"
    case headerTooLarge = "header_too_large"
    case bodyTooLarge = "body_too_large"
    case buffersFull = "buffers_full"
    case headerTimeout = "header_timeout"
    case bodyTooSlow = "body_too_slow"
    case idle = "idle"
    case writeStalled = "write_stalled"
    case settingsFlood = "settings_flood"
    case pingFlood = "ping_flood"
    case priorityFlood = "priority_flood"
    case emptyDataFlood = "empty_data_flood"
    case resetFlood = "reset_flood"
    case protocolError = "protocol_error"
}

extension HTTPRefusal {
    static let tooSlowText = "the body came too slowly; send at least 1 KiB/s"
    static let busyText = "too much is being received at once; send it again later"
    static func tooLargeText(limit: Int) -> String { "the body is over \(limit) bytes; send smaller batches" }
}
