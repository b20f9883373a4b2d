/// How much work tails may cause, however many there are and whatever comes.
package struct TailLimits: Sendable {
    /// From one look at what arrived to the next.
    package var interval: Duration = .milliseconds(250)
    /// A trace is told when nothing of it came for so long.
    package var quiet: Duration = .seconds(1)
    /// And at the latest so long after it was first seen.
    package var longest: Duration = .seconds(5)
    /// Traces that wait until they are quiet.
    package var maximumWaiting = 4096
    /// Of one look: traces that are read, bytes of their spans, and the time for it.
    package var traces = 512
    package var bytes = 8 << 20
    package var time: Duration = .milliseconds(60)
    /// Stored bytes of one trace; of a larger one only what came first is looked at.
    package var traceBytes = 2 << 20
    /// Events for one tail out of one look.
    package var eventBytes = 128 << 10

    package init() {}
}
