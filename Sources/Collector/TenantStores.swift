import Access
import Daemon
import EventLoop
import Files
import Querying
import SegmentStore
import SelfTelemetry
import Synchronization
import TraceSearch

/// The stores of a collector: the one in `store.directory`, and one for each tenant in `tenants/NAME` below it, so that what
/// belongs to one is in no file, index or list of another. Any thread may call it.
///
/// A tenant's store is opened when the program starts, when a key comes to name it, or when it is first asked for: on a thread
/// of its own, as opening may take a second. Until then whoever asks is told to come again.
final class TenantStores: Sendable {
    /// What is one tenant's alone.
    struct Space: Sendable {
        /// Nil for the store of nobody in particular.
        let tenant: TenantName?
        let store: SegmentStore
        let refusals: RefusalRing
        let large = LargeTraces()
        let shelf: TraceShelf

        init(tenant: TenantName?, store: SegmentStore, refusals: RefusalRing) {
            self.tenant = tenant
            self.store = store
            self.refusals = refusals
            shelf = TraceShelf(histories: LatencyHistories { try store.figures($0, fresh: false).summary })
        }
    }

    enum Found {
        case space(Space)
        /// It will be there in a moment.
        case opening
        /// No key names it, and there is no data of it.
        case unknown
        /// There are `tenants.max` already.
        case full(limit: Int)
        case unusable(reason: String)
    }

    private enum State: Sendable {
        case opening
        case open(Space)
        case failed(String, at: MonotonicTime)
    }

    private struct Book: Sendable {
        var spaces: [TenantName: State] = [:]
        /// Those that keys name.
        var named: Set<TenantName> = []
        var isClosed = false
    }

    let standard: Space
    private let directory: String
    private let limit: Int
    private let makeStore: @Sendable (TenantName, String) throws -> SegmentStore
    private let onOpen: @Sendable (Space) -> Void
    private let book = Mutex(Book())
    private let requests: Mailbox<TenantName>
    /// After this a store that could not be opened is tried again.
    private static let patience: Duration = .seconds(5)

    /// - Parameters:
    ///   - makeStore: opens the store of a tenant in a directory.
    ///   - onOpen: is told of each tenant's store, once, on the thread that opened it.
    init(
        standard: SegmentStore, refusals: RefusalRing, directory: String, limit: Int,
        makeStore: @escaping @Sendable (TenantName, String) throws -> SegmentStore,
        onOpen: @escaping @Sendable (Space) -> Void
    ) throws(SystemError) {
        self.standard = Space(tenant: nil, store: standard, refusals: refusals)
        self.directory = directory + "/tenants"
        self.limit = limit
        self.makeStore = makeStore
        self.onOpen = onOpen
        requests = try Mailbox(capacity: 4096)
    }

    /// The thread that opens stores while the program runs; it is to be stopped before `close`.
    func startOpening() throws -> PartThread {
        try PartThread.start(name: "tenants") { [self] loop in
            try loop.receive(from: requests) { [self] tenant in open(tenant) }
            return Part(stop: { $0() })
        }
    }

    /// Opens the stores of these tenants, and of all others that have data, at once: what nobody may send to or see any more
    /// still has to be deleted when its time has come.
    func openNow(_ tenants: [TenantName]) {
        book.withLock { $0.named = Set(tenants) }
        let present = ((try? listDirectory(directory)) ?? []).compactMap { TenantName($0) }
        let others = Set(present).subtracting(tenants).sorted { $0.text < $1.text }
        for tenant in tenants + others where book.withLock({ Self.reserve(tenant, &$0, limit) }) { open(tenant) }
    }

    /// Keys name these tenants from now on: their stores are opened, apart from the caller.
    func openSoon(_ tenants: [TenantName]) {
        book.withLock { $0.named = Set(tenants) }
        for tenant in tenants where book.withLock({ Self.reserve(tenant, &$0, limit) }) { ask(tenant) }
    }

    func find(_ tenant: TenantName) -> Found {
        enum Step { case done(Found), ask, look }
        let step = book.withLock { book -> Step in
            switch book.spaces[tenant] {
            case .open(let space): return .done(.space(space))
            case .opening: return .done(.opening)
            case .failed(let reason, let time):
                guard MonotonicTime.now() - time > Self.patience else { return .done(.unusable(reason: reason)) }
                book.spaces[tenant] = .opening
                return .ask
            case nil:
                guard book.named.contains(tenant) else { return .look }
                return Self.reserve(tenant, &book, limit) ? .ask : .done(.full(limit: limit))
            }
        }
        switch step {
        case .done(let found): return found
        case .ask: return ask(tenant)
        case .look:
            guard fileExists("\(directory)/\(tenant)") else { return .unknown }
            return book.withLock({ Self.reserve(tenant, &$0, limit) }) ? ask(tenant) : .full(limit: limit)
        }
    }

    /// Those that are open.
    var openSpaces: [Space] {
        book.withLock { book in
            book.spaces.values.compactMap { if case .open(let space) = $0 { space } else { nil } }
        }
    }

    /// Closes all stores. Nothing may be submitted any more.
    func close() {
        let spaces = book.withLock { book in
            book.isClosed = true
            return book.spaces.values.compactMap { state -> Space? in
                if case .open(let space) = state { space } else { nil }
            }
        }
        for space in spaces { space.store.close() }
        standard.store.close()
    }

    @discardableResult
    private func ask(_ tenant: TenantName) -> Found {
        guard requests.post(tenant) else {
            book.withLock { $0.spaces[tenant] = nil }
            return .unusable(reason: "too many tenants are being opened")
        }
        return .opening
    }

    /// False when it has a place already, or there is none left.
    private static func reserve(_ tenant: TenantName, _ book: inout Book, _ limit: Int) -> Bool {
        guard book.spaces[tenant] == nil, book.spaces.count < limit, !book.isClosed else { return false }
        book.spaces[tenant] = .opening
        return true
    }

    private func open(_ tenant: TenantName) {
        do {
            let store = try makeStore(tenant, "\(directory)/\(tenant)")
            let space = Space(tenant: tenant, store: store, refusals: RefusalRing())
            let isLate = book.withLock { book in
                if !book.isClosed { book.spaces[tenant] = .open(space) }
                return book.isClosed
            }
            if isLate { return store.close() }
            onOpen(space)
        } catch {
            book.withLock { $0.spaces[tenant] = .failed("\(error)", at: .now()) }
        }
    }
}
