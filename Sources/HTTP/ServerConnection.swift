import EventLoop
import Glibc
import Synchronization
import TLS

/// What a connection speaks once its first bytes have told. Implementations own the requests in flight.
protocol ServerProtocol: AnyObject {
    func receive(_ bytes: Span<UInt8>)
    /// Appends what is to be sent until about `limit` bytes wait.
    func produce(into output: inout [UInt8], limit: Int)
    /// False while the peer is to be slowed down.
    var wantsInput: Bool { get }
    /// Bytes of answers that were given and not yet produced.
    var pendingBytes: Int { get }
    /// No request is being received or answered.
    var isIdle: Bool { get }
    /// A whole request waits for its answer.
    var awaitsAnswer: Bool { get }
    /// Whether a peer that has ended its side still reads answers, and one that is told goodbye may still be sending.
    var toleratesHalfClose: Bool { get }
    /// Nothing more will be read or written: the connection closes once its output is sent.
    var isFinished: Bool { get }
    /// Gives up what takes too long.
    func sweep(_ now: MonotonicTime)
    func drain()
    /// The peer has gone, or is being dropped: nobody waits for answers any more.
    func connectionClosed()
}

/// One accepted socket: reads, decrypts, finds out what is spoken, and writes. Lives on the server's loop.
final class ServerConnection {
    let server: HTTPServer
    let peer: SocketAddress?
    private let fd: Int32
    private var watch: Watch?
    private var tls: TLSSession?
    private var spoken: (any ServerProtocol)?
    private var firstBytes: [UInt8] = []
    private var output: [UInt8] = []
    private var outputSent = 0
    private var isReading = false
    private var isAwaitingFlush = false
    private var isClosing = false
    /// Until when the peer may take its last words.
    private var cutOffAt: MonotonicTime?
    private var hasPeerEnded = false
    private var hasSaidFarewell = false
    /// Until when, and how much of, what the peer still sends is read and thrown away.
    private var linger: (until: MonotonicTime, bytesLeft: Int)?
    private let openedAt: MonotonicTime
    /// When the peer last sent something.
    private(set) var lastActivity: MonotonicTime
    /// This connection's part of the server's count of unsent bytes.
    private var reportedUnsent = 0
    /// When a byte last went out or the output was last empty.
    private var lastWriteProgress: MonotonicTime
    /// Since when output has been waiting, and what went out since then.
    private var backlog: (since: MonotonicTime, sent: Int)
    /// What a connection costs by being open.
    private let share: BudgetShare
    private var heldInput = 0

    // Measured over 500 connections that say nothing more.
    private static let plainCost = 2 << 10
    private static let tlsCost = 24 << 10
    private static let http2Cost = 14 << 10

    /// Of a connection to `server` that has said nothing yet.
    static func cost(_ server: HTTPServer) -> Int { server.tls == nil ? plainCost : tlsCost }

    var isSecure: Bool { server.tls != nil }
    private var isOpen: Bool { watch != nil }
    /// Collected, and not taken by the socket yet.
    var unsentBytes: Int { output.count - outputSent }
    /// Nothing is being received or answered.
    var isIdle: Bool { outputSent == output.count && (spoken?.isIdle ?? true) }

    init(fd: Int32, peer: SocketAddress?, server: HTTPServer) throws {
        self.fd = fd
        self.peer = peer
        self.server = server
        openedAt = server.loop.now()
        lastActivity = openedAt
        lastWriteProgress = openedAt
        backlog = (openedAt, 0)
        share = BudgetShare(of: server.memory.connections)
        share.take(Self.cost(server))
        do {
            tls = try server.tls?.makeSession()
            watch = try server.loop.watch(fd, .read) { [unowned self] readiness in
                // Handlers may close the connection; this keeps it alive until they have returned.
                withExtendedLifetime(self) {
                    if readiness.writable { flush() }
                    if readiness.readable { readAvailable() }
                }
            }
        } catch {
            Glibc.close(fd)
            throw error
        }
    }

    // MARK: reading

    private func readAvailable() {
        guard isOpen else { return }
        let room = server.memory.budget.isTight ? Self.tightReadBytes : server.scratch.count
        let count = recv(fd, server.scratch.baseAddress, room, 0)
        if count < 0 {
            let code = errno
            if code != EAGAIN && code != EINTR { close() }
            return
        }
        guard count > 0 else {
            endOfInput()
            return
        }
        guard linger == nil else {
            discard(count)
            return
        }
        server.counters.bytesReceived.add(UInt64(count), ordering: .relaxed)
        lastActivity = server.loop.now()
        isReading = true
        // The scratch buffer outlives the call, and nobody writes to it before the call returns.
        let bytes = UnsafeBufferPointer(rebasing: server.scratch.assumingMemoryBound(to: UInt8.self)[..<count]).span
        if tls == nil { receivePlain(bytes) } else { receiveEncrypted(bytes) }
        isReading = false
        flush()
    }

    /// Where memory is short, no more is taken at once than what a body may hold before it is made to wait.
    private static let tightReadBytes = BodyMemory.largeBytes

    private func endOfInput() {
        // The second time it is a hang-up in both directions.
        guard !hasPeerEnded, linger == nil, let spoken, spoken.toleratesHalfClose, spoken.awaitsAnswer else {
            close()
            return
        }
        hasPeerEnded = true
        flush()
    }

    private func receiveEncrypted(_ bytes: Span<UInt8>) {
        guard let tls else { return }
        var decrypted: [UInt8] = []
        do {
            try tls.receive(bytes, plaintext: &decrypted)
        } catch {
            server.counters.refuse(.tls)
            // What OpenSSL has to say to the peer, such as an alert, is still sent.
            isClosing = true
            return
        }
        if spoken == nil, tls.isHandshakeComplete, tls.negotiatedProtocol == "h2" {
            speakHTTP2()
        }
        if !decrypted.isEmpty { receivePlain(decrypted.span) }
        if tls.isPeerClosed { isClosing = true }
    }

    private func receivePlain(_ bytes: Span<UInt8>) {
        guard isOpen else { return }
        if let spoken {
            spoken.receive(bytes)
            return
        }
        bytes.withUnsafeBufferPointer { firstBytes.append(contentsOf: $0) }
        switch FirstBytes.tell(firstBytes) {
        case .needsMore: return
        case .http2: speakHTTP2()
        case .http1: spoken = HTTP1Server(connection: self)
        case .tls:
            server.counters.refuse(.tls)
            close()
            return
        }
        let buffered = firstBytes
        firstBytes = []
        spoken?.receive(buffered.span)
    }

    /// Counts what is kept of a head that has not ended, beside what the connection costs. False when there is no room.
    func holdInput(_ bytes: Int) -> Bool {
        if bytes > heldInput {
            guard server.makeRoom(bytes - heldInput) else { return false }
            share.take(bytes - heldInput)
        } else {
            share.shrink(by: heldInput - bytes)
        }
        heldInput = bytes
        return true
    }

    private func speakHTTP2() {
        guard server.makeRoom(Self.http2Cost) else { return refuseAndClose(.tooManyConnections) }
        share.take(Self.http2Cost)
        spoken = HTTP2Server(connection: self)
    }

    // MARK: writing

    /// Called by the protocol when it has something to send. Written at the end of this round of the loop, together with
    /// what else comes up until then.
    func wantsToWrite() {
        reportUnsent()
        guard !isReading, !isAwaitingFlush, isOpen else { return }
        isAwaitingFlush = true
        server.flushAtEndOfRound(self)
    }

    func flush() {
        isAwaitingFlush = false
        while isOpen {
            dropWhatWasSent()
            if output.count - outputSent < server.limits.maxOutputBytes { collectOutput() }
            guard outputSent < output.count else { break }
            let sent = output.withUnsafeBytes { bytes in
                send(fd, bytes.baseAddress! + outputSent, bytes.count - outputSent, Int32(MSG_NOSIGNAL))
            }
            if sent < 0 {
                let code = errno
                if code == EINTR { continue }
                if code == EAGAIN { break }
                close()
                return
            }
            lastWriteProgress = server.loop.now()
            server.counters.bytesSent.add(UInt64(sent), ordering: .relaxed)
            backlog.sent += sent
            outputSent += sent
        }
        reportUnsent()
        guard isOpen, linger == nil else { return }
        let waiting = outputSent < output.count
        let isOver = isClosing || spoken?.isFinished == true || (hasPeerEnded && spoken?.awaitsAnswer == false)
        if !waiting, isOver {
            end()
            return
        }
        let wantsInput = spoken?.wantsInput ?? true
        let full = output.count - outputSent >= server.limits.maxOutputBytes
        var interest: Interest = waiting ? .write : .nothing
        if wantsInput, !full, !isClosing, !hasPeerEnded { interest.insert(.read) }
        watch?.update(interest)
    }

    private func reportUnsent() {
        let unsent = isOpen ? output.count - outputSent + (spoken?.pendingBytes ?? 0) : 0
        guard unsent != reportedUnsent else { return }
        server.memory.budget.take(unsent - reportedUnsent)
        server.counters.unsentBytes.add(unsent - reportedUnsent, ordering: .relaxed)
        reportedUnsent = unsent
    }

    /// A buffer that grew beyond this for one answer is not kept for the next.
    private static let keptOutputBytes = 16 << 10

    private func dropWhatWasSent() {
        if outputSent == output.count {
            output.removeAll(keepingCapacity: output.capacity <= Self.keptOutputBytes)
            outputSent = 0
            lastWriteProgress = server.loop.now()
            backlog = (lastWriteProgress, 0)
        } else if outputSent > output.count / 2 {
            output.removeFirst(outputSent)
            outputSent = 0
        }
    }

    /// Says goodbye where that is the custom, then closes, at once or when the peer has stopped sending.
    private func end() {
        if let tls, !hasSaidFarewell {
            hasSaidFarewell = true
            tls.close()
            tls.takeOutput(into: &output)
            flush()
            return
        }
        guard let spoken, spoken.toleratesHalfClose, !hasPeerEnded else {
            close()
            return
        }
        // Closing while the peer still sends would make the kernel reset the connection, and the peer lose the answer.
        shutdown(fd, Int32(SHUT_WR))
        linger = (server.loop.now() + .seconds(2), 1 << 20)
        watch?.update(.read)
    }

    private func discard(_ count: Int) {
        guard let left = linger?.bytesLeft, left > count else {
            close()
            return
        }
        linger?.bytesLeft = left - count
    }

    private func collectOutput() {
        guard let tls else {
            spoken?.produce(into: &output, limit: server.limits.maxOutputBytes)
            return
        }
        if tls.isHandshakeComplete, let spoken, !hasSaidFarewell {
            var produced: [UInt8] = []
            spoken.produce(into: &produced, limit: server.limits.maxOutputBytes)
            if !produced.isEmpty, (try? tls.send(produced.span)) == nil { isClosing = true }
        }
        tls.takeOutput(into: &output)
    }

    // MARK: ending

    func sweep(_ now: MonotonicTime) {
        guard isOpen else { return }
        if let linger {
            if now > linger.until { close() }
        } else if let cutOffAt, now > cutOffAt {
            close()
        } else if outputSent < output.count, isTakenTooSlowly(now) {
            refuseAndClose(.writeStalled)
        } else if let spoken {
            spoken.sweep(now)
            if !isReading { flush() }
        } else if now - openedAt > server.limits.headerTimeout {
            refuseAndClose(.headerTimeout)
        }
    }

    private func isTakenTooSlowly(_ now: MonotonicTime) -> Bool {
        let limits = server.limits
        if now - lastWriteProgress > limits.writeTimeout { return true }
        let age = now - backlog.since
        guard age > limits.writeTimeout else { return false }
        defer { backlog = (now, 0) }
        return backlog.sent < limits.leastBytes(in: age)
    }

    func drain() {
        guard let spoken else {
            close()
            return
        }
        spoken.drain()
        flush()
    }

    func refuseAndClose(_ reason: HTTPRefusal) {
        server.counters.refuse(reason)
        close()
    }

    /// Closes once everything queued has been sent.
    func closeAfterOutput() { isClosing = true }

    /// The same for a peer that does what none should: it gets its last words soon or never.
    func cutOff() {
        isClosing = true
        cutOffAt = server.loop.now() + .milliseconds(500)
    }

    func close() {
        guard let watch else { return }
        watch.cancel()
        self.watch = nil
        Glibc.close(fd)
        spoken?.connectionClosed()
        reportUnsent()
        share.giveBack()
        server.remove(self)
    }
}

/// Tells from the first bytes of a connection what it speaks.
enum FirstBytes {
    case needsMore, http1, http2, tls

    static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

    static func tell(_ bytes: [UInt8]) -> FirstBytes {
        guard let first = bytes.first else { return .needsMore }
        if first == 0x16 { return .tls }
        let common = zip(bytes, preface).prefix { $0 == $1 }.count
        if common == preface.count { return .http2 }
        return common == bytes.count ? .needsMore : .http1
    }
}
