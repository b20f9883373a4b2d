package import Outlines
package import SpanTokens
package import TraceModel
import WireFormat

/// What one segment holds at one moment, to be searched. Keeps what it needs alive; the log may be deleted meanwhile.
package struct SegmentView: Sendable {
    let segment: Segment
    /// How many of its frames belong to the view.
    package private(set) var frameCount: Int
    private let source: Source

    private enum Source: Sendable {
        case growing([FrameRef], [FrameContent])
        case sealed(SealedIndex)
    }

    /// The arrays are shared with the index until that grows; its trace table is not, as it is large.
    init(_ segment: Segment, growing index: SegmentIndex) {
        self.segment = segment
        frameCount = index.frames.count
        source = .growing(index.frames, index.contents)
    }

    init(_ segment: Segment, sealed index: SealedIndex) {
        self.segment = segment
        frameCount = index.frameCount
        source = .sealed(index)
    }

    package var number: UInt32 { segment.number }
    /// Names of all services whose spans it holds; nil where there may be more, or where a name may be cut.
    package var services: [String]? {
        let names = Array(segment.services.services.keys)
        let isWhole =
            names.count < TelemetryScanner.maximumServices - 1
            && names.allSatisfy { $0.utf8.count < TelemetryScanner.maximumServiceNameBytes }
        return isWhole ? names : nil
    }
    /// Another one for each log that was ever written.
    package var salt: UInt64 { segment.salt }
    /// Makes the tokens that `find` takes.
    package var tokens: SpanToken { SpanToken(salt: segment.salt) }

    /// The same without the frames from `position` on.
    package func before(_ position: RecordPosition) -> SegmentView {
        var view = self
        if number > position.segment {
            view.frameCount = 0
        } else if number == position.segment {
            view.frameCount = min(frameCount, Int(clamping: position.frame))
        }
        return view
    }

    /// Nil for a frame that is not described yet: it may hold anything.
    package func times(_ frame: Int) -> FrameTimes? {
        switch source {
        case .growing(_, let contents): frame < contents.count ? contents[frame].times : nil
        case .sealed(let index): index.times(frame)
        }
    }

    func ref(_ frame: Int) -> FrameRef {
        switch source {
        case .growing(let frames, _): frames[frame]
        case .sealed(let index): index.frame(frame)
        }
    }

    package var isSealed: Bool {
        if case .sealed = source { true } else { false }
    }

    /// Calls `body` with the outlines of what the view holds; nil where there are none: the segment grows or is old, the view is
    /// a part of it, or something in it could not be read.
    package func withOutlines<R>(_ body: (OutlineTable) -> R) -> R? { outlined?.withOutlines(body) }

    private var outlined: SealedIndex? {
        guard case .sealed(let index) = source, frameCount == index.frameCount, !segment.hasUnreadableFrames else {
            return nil
        }
        return index
    }

    /// Calls `body` with the hashes of the traces that earlier segments hold spans of, too; false where there are no outlines.
    func forEachSpreadTrace(_ body: (UInt32) -> Void) -> Bool { outlined?.forEachSpreadTrace(body) ?? false }

    /// Gives back memory of what was read in place; what is needed again comes again.
    func releasePages() {
        if case .sealed(let index) = source { index.releasePages() }
    }

    /// Frames with spans of a trace, in rising order.
    package func frames(of trace: TraceID) -> [UInt32] {
        let frames =
            switch source {
            case .growing: segment.frames(of: trace).map(\.ordinal)
            case .sealed(let index): index.frames(of: trace)
            }
        return frames.last.map { Int($0) < frameCount } ?? true ? frames : frames.filter { Int($0) < frameCount }
    }

    /// Frames that may hold a span with one of the tokens, and those of which all spans have one and the same of them.
    package func find(_ tokens: [UInt64]) -> (some: FrameSet, all: FrameSet) {
        var some = FrameSet(count: frameCount)
        var all = FrameSet(count: frameCount)
        switch source {
        case .growing(_, let contents):
            let sorted = tokens.count > 16 ? tokens.sorted() : nil
            for frame in 0..<frameCount {
                guard frame < contents.count else {
                    some.insert(frame)
                    continue
                }
                if let sorted {
                    let found = contents[frame].find(anyOf: sorted)
                    if found.some { some.insert(frame) }
                    if found.all { all.insert(frame) }
                    continue
                }
                for token in tokens {
                    let found = contents[frame].find(token)
                    if found.some { some.insert(frame) }
                    if found.all { all.insert(frame) }
                }
            }
        case .sealed(let index):
            // Page by page a cold table would take longer.
            if tokens.count > 32 { index.willFindMany() }
            for token in tokens { index.find(token, marking: &some, &all) }
        }
        return (some, all)
    }
}
