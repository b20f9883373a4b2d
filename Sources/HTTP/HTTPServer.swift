package import EventLoop
import Glibc
import Synchronization
package import TLS

/// Serves HTTP/1.1 and HTTP/2 on one address, with or without TLS. Lives on one loop.
package final class HTTPServer {
    package let localAddress: SocketAddress
    package let counters: HTTPServerCounters
    let loop: EventLoop
    let limits: HTTPLimits
    let service: any HTTPService
    let tls: TLSServerContext?
    let memory: BodyMemory
    /// Where all connections of this loop read to; a connection copies out what it keeps.
    let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: 128 << 10, alignment: 64)
    private let listener: Int32
    private var listening: Watch?
    private var connections: [ObjectIdentifier: ServerConnection] = [:]
    private var unflushed: [ServerConnection] = []
    private var sweep: Timer?
    private var drained: (() -> Void)?

    /// - Parameters:
    ///   - memory: shared by the servers of a loop, so that none of them fills it to the loss of the others.
    ///   - unixMode: permissions of a unix socket.
    package init(
        loop: EventLoop, address: SocketAddress, tls: TLSServerContext? = nil, limits: HTTPLimits = HTTPLimits(),
        counters: HTTPServerCounters = HTTPServerCounters(), memory: BodyMemory? = nil, unixMode: Int = 0o660,
        service: any HTTPService
    ) throws(SystemError) {
        self.loop = loop
        self.limits = limits
        self.counters = counters
        self.service = service
        self.memory = memory ?? BodyMemory(loop: loop, budget: ByteBudget(limit: .max))
        self.tls = tls
        listener = try Socket.listen(address, unixMode: UInt32(clamping: unixMode))
        localAddress = Socket.localAddress(listener) ?? address
        listening = try loop.watch(listener, .read) { [unowned self] _ in acceptWaiting() }
        scheduleSweep()
    }

    deinit {
        stopAccepting()
        sweep?.cancel()
        scratch.deallocate()
    }

    /// Closes the listening socket; open connections go on.
    package func stopAccepting() {
        guard let listening else { return }
        listening.cancel()
        self.listening = nil
        if case .unix(let path) = localAddress.host { unlink(path) }
        Glibc.close(listener)
    }

    /// Closes everything at once. A server that is dropped without this, or `drain`, keeps its open connections alive.
    package func close() {
        stopAccepting()
        sweep?.cancel()
        for connection in connections.values { connection.close() }
    }

    /// Stops accepting, lets open requests end, tells HTTP/2 peers to go elsewhere, and calls `done` when the last
    /// connection is closed or `grace` is over, whichever is first.
    package func drain(grace: Duration, _ done: @escaping () -> Void) {
        stopAccepting()
        drained = done
        for connection in connections.values { connection.drain() }
        _ = loop.schedule(after: grace) { [weak self] in
            guard let self else { return }
            close()
            finishDrain()
        }
        finishDrain()
    }

    private func finishDrain() {
        guard connections.isEmpty, let done = drained else { return }
        drained = nil
        close()
        done()
    }

    // MARK: answers that go on

    /// Whether so many bytes more may wait for a peer that has not taken `waiting` yet.
    func hasRoom(for bytes: Int, after waiting: Int) -> Bool {
        bytes <= HTTPBodyStream.maximumUnsentBytes - waiting
            && counters.unsentBytes.load(ordering: .relaxed) <= limits.maxUnsentBytes
    }

    /// A key may be revoked or expire while an answer to it goes on.
    func stillAuthorizes(_ head: RequestHead, _ stream: HTTPBodyStream, _ now: MonotonicTime) -> Bool {
        guard now - stream.authorizedAt > limits.authorizeAgainAfter else { return true }
        stream.authorizedAt = now
        var head = head
        return service.authorize(&head) == nil
    }

    // MARK: connections

    private func acceptWaiting() {
        do {
            // Bounded, so that a burst of connections does not starve those that are open.
            for _ in 0..<Self.connectionsPerRound {
                guard let (fd, peer) = try Socket.accept(listener) else { return }
                guard !isReserved(fd) else {
                    counters.refuse(.outOfDescriptors)
                    Glibc.close(fd)
                    continue
                }
                let isPlace = connections.count < limits.maxConnections || closeLongestIdle()
                guard isPlace, makeRoom(ServerConnection.cost(self)) else {
                    counters.refuse(.tooManyConnections)
                    Glibc.close(fd)
                    continue
                }
                let connection = try ServerConnection(fd: fd, peer: peer, server: self)
                connections[ObjectIdentifier(connection)] = connection
                counters.connections.add(1, ordering: .relaxed)
                counters.openConnections.add(1, ordering: .relaxed)
            }
        } catch {
            // Descriptors or memory ran out: leave the queue to the kernel for a while, without a busy loop.
            counters.refuse(.outOfDescriptors)
            listening?.update(.nothing)
            _ = loop.schedule(after: .milliseconds(200)) { [weak self] in self?.listening?.update(.read) }
        }
    }

    /// The last descriptors are kept for files and for connections that the program itself opens.
    private func isReserved(_ fd: Int32) -> Bool {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return false }
        let most = Int(clamping: limit.rlim_cur)
        return Int(fd) >= most - min(Self.reservedDescriptors, most / 2)
    }

    private static let reservedDescriptors = 32

    /// Whether a connection may take so much more memory, at the cost of others that ask nothing if need be.
    func makeRoom(_ bytes: Int) -> Bool {
        while memory.connections.limit - memory.connections.used < bytes {
            guard closeLongestIdle() else { return false }
        }
        return true
    }

    /// Makes room where every place is taken: a connection that asks nothing gives way to one that may. False when none
    /// has been idle for a second.
    private func closeLongestIdle() -> Bool {
        let idle = connections.values.filter { $0.isIdle }
        guard let oldest = idle.min(by: { $0.lastActivity < $1.lastActivity }),
            loop.now() - oldest.lastActivity > .seconds(1)
        else { return false }
        oldest.refuseAndClose(.idle)
        return true
    }

    func remove(_ connection: ServerConnection) {
        guard connections.removeValue(forKey: ObjectIdentifier(connection)) != nil else { return }
        counters.openConnections.subtract(1, ordering: .relaxed)
        finishDrain()
    }

    /// Has `connection` write what it queued once this round of the loop is over.
    func flushAtEndOfRound(_ connection: ServerConnection) {
        if unflushed.isEmpty {
            loop.atEndOfRound { [weak self] in
                guard let self else { return }
                let connections = unflushed
                unflushed.removeAll(keepingCapacity: true)
                for connection in connections { connection.flush() }
            }
        }
        unflushed.append(connection)
    }

    private func scheduleSweep() {
        sweep = loop.schedule(after: limits.sweepInterval) { [weak self] in
            guard let self else { return }
            // Copied, since a sweep may close connections.
            sweep(Array(connections.values)[...])
        }
    }

    /// A few at a time: hundreds of connections that have had their time must not hold up the others while they are closed.
    private func sweep(_ rest: ArraySlice<ServerConnection>) {
        let now = loop.now()
        for connection in rest.prefix(Self.connectionsPerRound) { connection.sweep(now) }
        let rest = rest.dropFirst(Self.connectionsPerRound)
        guard !rest.isEmpty else {
            scheduleSweep()
            return
        }
        sweep = loop.schedule(after: .zero) { [weak self] in self?.sweep(rest) }
    }

    /// Accepted or swept before others get their turn.
    private static let connectionsPerRound = 32
}
