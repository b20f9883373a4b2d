package import Files

/// What may be chosen about a store. The initial values are the product's defaults.
package struct StoreOptions: Sendable {
    /// A segment is sealed when its log reaches this.
    package var segmentBytes = 64 << 20
    /// And at a stop or a start when its log has reached this: a start then need not read it, and searches leave frames of it out.
    var largeLogBytes: Int { segmentBytes / 4 }
    /// A segment is sealed when it is this old, however small.
    package var segmentAge: Duration = .seconds(3600)
    /// A segment is sealed when its index holds this many (trace, frame) pairs: bounds the memory of the open index.
    package var maxIndexedTraces = 2_000_000
    /// A segment is sealed when its index holds this many tokens, 8 bytes each, or spans, about 100 bytes each for the figures:
    /// for the same reason, as what compresses well makes a small log.
    package var maxIndexedTokens = 6_000_000
    package var maxIndexedSpans: UInt64 = 1_500_000
    /// Accepted but not yet durable bytes, beyond which `submit` refuses.
    package var maxQueuedBytes = 64 << 20
    /// A frame is closed when its raw content reaches this; a single record may be larger.
    package var frameBytes = 384 << 10
    /// At most about this much raw content goes under one fdatasync.
    package var commitBytes = 8 << 20
    /// While less than a frame waits, a commit begins this long after the one before: small requests share a frame and a sync.
    /// What comes after a longer rest does not wait, nor where the last commit was of a single request.
    package var commitPause: Duration = .milliseconds(8)
    /// Content of frames that searches read lately.
    package var frameCacheBytes = 64 << 20
    package var maxRecordBytes = 16 << 20
    package var compressionLevel = -1
    /// False leaves out fdatasync: only for tests whose subject is not durability.
    package var sync = true
    /// Segments are deleted this long after their last record arrived. Nil keeps them.
    package var retention: Duration?
    /// Oldest segments are deleted while all files together are larger. Nil sets no bound.
    package var maxBytes: Int?
    /// How often retention looks.
    package var retentionInterval: Duration = .seconds(60)
    /// How long a wall clock that jumped must keep agreeing with the monotonic one before retention believes it.
    package var clockConfirmation: Duration = .seconds(600)
    /// After a start the disk belongs to whoever asks: only from then on indexes are compared with their checksums, but for their
    /// tables of traces.
    package var verificationDelay: Duration = .zero
    /// Pause between attempts while the disk refuses.
    package var retryPause: Duration = .seconds(1)
    /// Senders whose sequence numbers are remembered.
    package var maxSenders = 16_384
    /// Ranges of sequence numbers remembered for each sender: how many holes there may be between the numbers stored.
    package var maxRangesPerSender = 4096
    /// Ranges remembered for all senders together, 16 bytes each.
    package var maxRangesInAll = 131_072
    /// How long a duplicate or a rejection may be counted in memory alone.
    package var ledgerInterval: Duration = .seconds(1)
    /// Bytes kept in `quarantine/`; beyond, damaged bytes are counted and not copied.
    package var maxQuarantineBytes = 256 << 20
    /// What stays when retention takes the rest; nil keeps nothing back.
    package var keeping: (any TraceKeeping)?
    package var clock = StoreClock.system
    package var storage: any Storage = LocalStorage()

    package init() {}
}
