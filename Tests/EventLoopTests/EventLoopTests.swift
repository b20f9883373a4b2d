import CLinux
import EventLoop
import Glibc
import Synchronization
import Testing

@Suite struct EventLoopTests {
    @Test("Timers fire in the order of their deadlines, and cancelled ones never")
    func timersFireInOrder() throws {
        let loop = try EventLoop()
        var fired: [Int] = []
        _ = loop.schedule(after: .milliseconds(3)) {
            fired.append(3)
            loop.stop()
        }
        _ = loop.schedule(after: .milliseconds(1)) { fired.append(1) }
        let cancelled = loop.schedule(after: .milliseconds(2)) { fired.append(2) }
        cancelled.cancel()
        loop.run()
        #expect(fired == [1, 3])
    }

    @Test("A loop that is stopped before it runs returns at once")
    func stopBeforeRun() throws {
        let loop = try EventLoop()
        loop.stop()
        loop.run()
        var ran = false
        loop.atEndOfRound {
            ran = true
            loop.stop()
        }
        loop.run()
        #expect(ran)
    }

    @Test("Many cancelled timers do not pile up in front of a live one")
    func cancelledTimersAreSwept() throws {
        let loop = try EventLoop()
        for _ in 0..<100_000 { loop.schedule(after: .seconds(3600)) {}.cancel() }
        var fired = false
        _ = loop.schedule(after: .zero) { fired = true }
        loop.runOnce(timeout: .seconds(1))
        #expect(fired)
    }

    @Test("A watch reports readable bytes, and nothing after it is cancelled")
    func watchReportsReadiness() throws {
        var ends: [Int32] = [0, 0]
        #expect(hms_pipe2_cloexec(&ends) == 0)
        defer { for fd in ends { close(fd) } }
        let loop = try EventLoop()
        var calls = 0
        let watch = try loop.watch(ends[0], .read) { readiness in
            #expect(readiness.readable)
            calls += 1
        }
        write(ends[1], "x", 1)
        loop.runOnce(timeout: .seconds(1))
        loop.runOnce(timeout: .seconds(1))
        #expect(calls == 2, "level-triggered: what was not read is told again")
        watch.cancel()
        loop.runOnce(timeout: .zero)
        #expect(calls == 2)
    }

    @Test("A full mailbox refuses, and takes again once its messages were received")
    func mailboxIsBounded() throws {
        let loop = try EventLoop()
        let box = try Mailbox<Int>(capacity: 2)
        #expect(box.post(1))
        #expect(box.post(2))
        #expect(!box.post(3))
        var received: [Int] = []
        try loop.receive(from: box) { received.append($0) }
        loop.runOnce(timeout: .seconds(1))
        #expect(received == [1, 2])
        #expect(box.post(4))
        loop.runOnce(timeout: .seconds(1))
        #expect(received == [1, 2, 4])
    }

    @Test("A loop thread runs what it is sent and ends when told")
    func threadReceivesMessages() throws {
        let box = try Mailbox<Int>(capacity: 1000)
        let result = SharedSum()
        let thread = try EventLoop.start(name: "test") { loop in
            do {
                try loop.receive(from: box) { value in
                    if value < 0 { loop.stop() } else { result.total.add(value, ordering: .relaxed) }
                }
            } catch { Issue.record(error) }
        }
        for value in 1...100 { #expect(box.post(value)) }
        #expect(box.post(-1))
        thread.join()
        #expect(result.total.load(ordering: .relaxed) == 5050)
    }
}

private final class SharedSum: Sendable {
    let total = Atomic<Int>(0)
}

@Suite struct SocketAddressTests {
    @Test(
        "Addresses are read and written in the form people type",
        arguments: [
            ("127.0.0.1:4317", "127.0.0.1:4317"), ("[::1]:80", "[::1]:80"), ("localhost:1", "127.0.0.1:1"),
            ("unix:/run/hms.sock", "unix:/run/hms.sock"), ("0.0.0.0:0", "0.0.0.0:0"), ("[fe80::1]:9", "[fe80::1]:9"),
        ])
    func readsAddresses(text: String, written: String) throws {
        #expect(try SocketAddress(parsing: text).description == written)
    }

    @Test(
        "What is not an address is refused with the form expected",
        arguments: [
            "", "127.0.0.1", "127.0.0.1:", "127.0.0.1:70000", "example.org:1", "::1:80", "[::1]", "unix:", ":80",
        ])
    func refusesOthers(text: String) {
        let error = #expect(throws: InvalidAddress.self) { try SocketAddress(parsing: text) }
        #expect(error?.description.contains("expected host:port") == true)
    }

    @Test(
        "Loopback is told from addresses that others can reach",
        arguments: [
            ("127.8.9.1:1", true), ("[::1]:1", true), ("unix:/x", true), ("0.0.0.0:1", false), ("10.0.0.1:1", false),
            ("[::]:1", false),
        ])
    func knowsLoopback(text: String, loopback: Bool) throws {
        #expect(try SocketAddress(parsing: text).isLoopback == loopback)
    }

    @Test("A listener on port 0 tells the port it got, and a second one on that port is refused with the reason")
    func listensAndTellsConflicts() throws {
        let first = try Socket.listen(.loopback(port: 0))
        defer { close(first) }
        let address = try #require(Socket.localAddress(first))
        #expect(address.port != 0)
        #expect(throws: SystemError("listen on \(address)", code: EADDRINUSE)) { try Socket.listen(address) }
    }
    @Test("At a unix path only a socket that nobody listens at gives way")
    func replacesStaleSocketsAlone() throws {
        var template = Array("/tmp/hms-socket-XXXXXX".utf8CString)
        // mkdtemp returns the buffer it was given, or nil when /tmp is not writable.
        let directory = template.withUnsafeMutableBufferPointer { String(cString: mkdtemp($0.baseAddress!)!) }
        let path = directory + "/s"
        defer {
            unlink(path)
            rmdir(directory)
        }
        let address = try SocketAddress(parsing: "unix:" + path)
        let inUse = SystemError("listen on \(address)", code: EADDRINUSE)

        let first = try Socket.listen(address)
        #expect(throws: inUse) { try Socket.listen(address) }
        let client = try Socket.connect(address)
        #expect(Socket.connectError(client) == nil, "the first still listens")
        close(client)
        close(first)
        let second = try Socket.listen(address)  // over the file that the first left behind
        close(second)
        unlink(path)

        close(open(path, O_CREAT | O_WRONLY, 0o600))
        #expect(throws: inUse) { try Socket.listen(address) }
        unlink(path)
        #expect(symlink(directory + "/target", path) == 0)
        #expect(throws: inUse) { try Socket.listen(address) }
        var status = stat()
        #expect(lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFLNK)
    }
}

@Suite struct MonotonicTimeTests {
    @Test(
        "Durations become nanoseconds within 64 bits",
        arguments: [
            (.seconds(-1), 0), (.zero, 0), (.milliseconds(1_500), 1_500_000_000),
            (.seconds(18_446_744_073) + .nanoseconds(709_551_615), .max),
            (.seconds(18_446_744_073) + .nanoseconds(709_551_614), .max - 1),
            (.seconds(18_446_744_073) + .milliseconds(900), .max), (.seconds(Int64.max), .max),
        ] as [(Duration, UInt64)])
    func clamps(duration: Duration, nanoseconds: UInt64) {
        #expect(duration.wholeNanoseconds == nanoseconds)
    }
}
