import Access
import Daemon
import EventLoop
import Glibc
import SegmentStore
import SelfTelemetry
import Synchronization
import Testing

@testable import Collector

@Suite("Tenants' stores") struct TenantStoresTests {
    /// A directory that goes with the test.
    private final class Place: Sendable {
        let path: String
        init() throws {
            var template = Array("/tmp/hms-tenants-XXXXXX".utf8CString)
            path = String(cString: try #require(mkdtemp(&template)))
        }
        deinit { remove(path, depth: 0) }

        private func remove(_ path: String, depth: Int) {
            guard depth < 4, let directory = opendir(path) else {
                unlink(path)
                return
            }
            var names: [String] = []
            while let entry = readdir(directory) {
                names.append(
                    withUnsafeBytes(of: &entry.pointee.d_name) {
                        String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
                    })
            }
            closedir(directory)
            for name in names where name != "." && name != ".." { remove("\(path)/\(name)", depth: depth + 1) }
            rmdir(path)
        }
    }

    private final class Opened: Sendable {
        let names = Mutex<[String]>([])
        /// Waited for, and not looked for again and again.
        let mail: Mailbox<String>
        init() throws { mail = try Mailbox(capacity: 16) }
    }

    private struct Broken: Error {}

    private func stores(_ place: Place, limit: Int, _ opened: Opened) throws -> TenantStores {
        try TenantStores(
            standard: SegmentStore.open(directory: place.path), refusals: RefusalRing(), directory: place.path,
            limit: limit,
            makeStore: { tenant, directory in
                if tenant.text == "broken" { throw Broken() }
                return try SegmentStore.open(directory: directory)
            },
            onOpen: { space in
                let name = space.tenant?.text ?? ""
                opened.names.withLock { $0.append(name) }
                opened.mail.post(name)
            })
    }

    private func name(_ text: String) throws -> TenantName { try #require(TenantName(text)) }

    private func word(_ found: TenantStores.Found) -> String {
        switch found {
        case .space(let space): "space \(space.tenant?.text ?? "-")"
        case .opening: "opening"
        case .unknown: "unknown"
        case .full(let limit): "full \(limit)"
        case .unusable(let reason): "unusable \(reason)"
        }
    }

    @Test("Tenants that keys name are opened at the start, each apart from the others and from the store of nobody")
    func opensNamed() throws {
        let (place, opened) = (try Place(), try Opened())
        let stores = try stores(place, limit: 2, opened)
        defer { stores.close() }
        stores.openNow([try name("acme"), try name("beta"), try name("gamma")])
        #expect(opened.names.withLock { $0 } == ["acme", "beta"])
        guard case .space(let acme) = stores.find(try name("acme")),
            case .space(let beta) = stores.find(try name("beta"))
        else {
            Issue.record("a store is missing")
            return
        }
        #expect(
            acme.store !== beta.store && acme.store !== stores.standard.store && beta.store !== stores.standard.store)
        #expect(acme.refusals !== beta.refusals && acme.refusals !== stores.standard.refusals)
        #expect(access(place.path + "/tenants/acme/lock", F_OK) == 0)
        #expect(word(stores.find(try name("gamma"))) == "full 2")
        #expect(stores.openSpaces.count == 2)
    }

    @Test(
        "A tenant whose data is there is opened at the start though no key names it, so that its data grows old and goes"
    )
    func opensWhatNobodyNames() throws {
        let (place, opened) = (try Place(), try Opened())
        for path in ["/tenants", "/tenants/zeta", "/tenants/old", "/tenants/Not-A-Name"] {
            mkdir(place.path + path, 0o700)
        }
        let stores = try stores(place, limit: 3, opened)
        defer { stores.close() }
        stores.openNow([try name("zeta"), try name("new")])
        #expect(opened.names.withLock { $0 } == ["zeta", "new", "old"])
    }

    @Test("A tenant that nobody names is not made, one whose data is there is opened when it is asked for")
    func opensWhatIsThere() throws {
        let (place, opened) = (try Place(), try Opened())
        mkdir(place.path + "/tenants", 0o700)
        mkdir(place.path + "/tenants/old", 0o700)
        let stores = try stores(place, limit: 4, opened)
        defer { stores.close() }
        let opener = try stores.startOpening()
        defer { opener.stop() }
        #expect(word(stores.find(try name("nobody"))) == "unknown")
        #expect(access(place.path + "/tenants/nobody", F_OK) != 0)
        let first = word(stores.find(try name("old")))
        #expect(first == "opening")
        var came: [String] = []
        let loop = try EventLoop()
        try loop.receive(from: opened.mail) { came.append($0) }
        while came.isEmpty { loop.runOnce(timeout: nil) }
        #expect(came == ["old"])
        #expect(word(stores.find(try name("old"))) == "space old")
    }

    @Test("A store that cannot be opened says why, and disturbs no other")
    func tellsWhatIsBroken() throws {
        let (place, opened) = (try Place(), try Opened())
        let stores = try stores(place, limit: 4, opened)
        defer { stores.close() }
        stores.openNow([try name("broken"), try name("acme")])
        #expect(word(stores.find(try name("broken"))) == "unusable Broken()")
        #expect(word(stores.find(try name("acme"))) == "space acme")
        #expect(opened.names.withLock { $0 } == ["acme"])
    }
}
