import CNghttp2
import EventLoop

/// Counts frames that cost the server work without bringing a request, and says when a peer sends too many. nghttp2 cuts
/// off the floods it knows (resets, CONTINUATION, unread PING answers); these are the others.
struct FloodGuard {
    private let limits: HTTPLimits
    private var settings = WindowedCount()
    private var pings = WindowedCount()
    private var priorities = 0
    private var emptyData = 0
    private var oversizedHeaders = 0
    private var provokedResets = WindowedCount()
    private(set) var exceeded: HTTPRefusal?
    /// What it is when nghttp2 finds that too many frames wait for our acknowledgement.
    private(set) var latestFlood = HTTPRefusal.pingFlood
    var now = MonotonicTime(nanoseconds: 0)

    init(limits: HTTPLimits) { self.limits = limits }

    mutating func countFrame(type: UInt8, flags: UInt8, length: Int) {
        switch UInt32(type) {
        case NGHTTP2_DATA.rawValue:
            let ends = UInt32(flags) & NGHTTP2_FLAG_END_STREAM.rawValue != 0
            emptyData = length == 0 && !ends ? emptyData + 1 : 0
            if emptyData > limits.maxEmptyDataFramesInARow { exceeded = .emptyDataFlood }
        case NGHTTP2_SETTINGS.rawValue:
            latestFlood = .settingsFlood
            if settings.add(at: now) > limits.maxSettingsPerTenSeconds { exceeded = .settingsFlood }
        case NGHTTP2_PING.rawValue:
            latestFlood = .pingFlood
            if pings.add(at: now) > limits.maxPingsPerTenSeconds { exceeded = .pingFlood }
        case NGHTTP2_PRIORITY.rawValue:
            priorities += 1
            if priorities > limits.maxPriorityFrames { exceeded = .priorityFlood }
        default: break
        }
    }

    mutating func countProvokedReset() {
        if provokedResets.add(at: now) > limits.maxProvokedResets { exceeded = .resetFlood }
    }

    mutating func countOversizedHeader() {
        oversizedHeaders += 1
        if oversizedHeaders >= limits.maxOversizedHeaders { exceeded = .headerTooLarge }
    }
}

/// Counts events in consecutive windows of ten seconds.
private struct WindowedCount {
    private var began = MonotonicTime(nanoseconds: 0)
    private var count = 0

    mutating func add(at now: MonotonicTime) -> Int {
        if now - began > .seconds(10) {
            began = now
            count = 0
        }
        count += 1
        return count
    }
}
