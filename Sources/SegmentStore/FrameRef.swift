/// Where a frame lies in its log.
struct FrameRef: Equatable, Sendable {
    /// Of the frame's header.
    var offset: UInt64
    var stored: UInt32
    var raw: UInt32
}
