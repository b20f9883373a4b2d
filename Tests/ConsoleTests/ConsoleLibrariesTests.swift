import Console
import Files
import Glibc
import HTTP
import Testing

@Suite("Libraries of the system are served where they are installed")
struct ConsoleLibrariesTests {
    /// A directory as Debian lays it out, with these files below it. It goes with the test.
    private final class Place: Sendable {
        let root: String

        init(_ files: [(path: String, body: [UInt8])]) throws {
            var template = Array("/tmp/hms-libraries-XXXXXX".utf8CString)
            root = String(cString: try #require(mkdtemp(&template)))
            for file in files {
                let path = root + "/" + file.path
                try makeDirectories(String(path[..<(try #require(path.lastIndex(of: "/")))]))
                let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
                try #require(descriptor >= 0)
                defer { close(descriptor) }
                #expect(file.body.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) } == file.body.count)
            }
        }

        deinit { remove(root, depth: 0) }

        private func remove(_ path: String, depth: Int) {
            guard depth < 8, let names = try? listDirectory(path) else {
                unlink(path)
                return
            }
            for name in names { remove("\(path)/\(name)", depth: depth + 1) }
            rmdir(path)
        }

        var libraries: ConsoleLibraries { ConsoleLibraries(directory: root) }
    }

    private static let dygraphs = "javascript/dygraphs/dygraph.min.js"
    private static let style = "javascript/dygraphs/dygraph.css"
    private static let dagre = "nodejs/dagre/dist/dagre.min.js"

    @Test("Each library has its address, its type and the headers of all files")
    func served() throws {
        let place = try Place([
            (Self.dygraphs, Array("var Dygraph = 1;".utf8)), (Self.style, Array(".dygraph {}".utf8)),
            (Self.dagre, Array("var dagre = 2;".utf8)),
        ])
        let assets = ConsoleAssets(libraries: place.libraries)
        for (address, body, type) in [
            ("/lib/dygraphs.js", "var Dygraph = 1;", "text/javascript; charset=utf-8"),
            ("/lib/dygraphs.css", ".dygraph {}", "text/css; charset=utf-8"),
            ("/lib/dagre.js", "var dagre = 2;", "text/javascript; charset=utf-8"),
        ] {
            let response = try #require(assets.response(address), "\(address)")
            #expect(response.status == 200)
            #expect(String(decoding: response.body, as: UTF8.self) == body)
            #expect(response.headers["content-type"] == type)
            let page = try #require(assets.response("/"))
            for name in ["content-security-policy", "x-content-type-options", "referrer-policy", "cache-control"] {
                #expect(response.headers[name] == page.headers[name])
            }
            let tag = try #require(response.headers["etag"])
            #expect(assets.response(address, ifNoneMatch: tag)?.status == 304)
        }
    }

    @Test("What is missing, empty or no file is not there, and the others are")
    func missing() throws {
        let place = try Place([(Self.dygraphs, []), (Self.style, Array("a {}".utf8)), (Self.dagre + "/x", [1])])
        let assets = ConsoleAssets(libraries: place.libraries)
        #expect(assets.response("/lib/dygraphs.js") == nil)
        #expect(assets.response("/lib/dagre.js") == nil)
        #expect(assets.response("/lib/dygraphs.css")?.status == 200)
        #expect(ConsoleLibraries(directory: place.root + "/nowhere").libraries.isEmpty)
    }

    @Test("A file is served up to 4 MiB and not beyond")
    func bounded() throws {
        let most = ConsoleLibraries.maximumBytes
        #expect(most == 4 << 20)
        let place = try Place([
            (Self.dygraphs, [UInt8](repeating: 32, count: most)), (Self.dagre, [UInt8](repeating: 32, count: most + 1)),
        ])
        let libraries = place.libraries.libraries
        #expect(libraries["/lib/dygraphs.js"]?.body.count == most)
        #expect(libraries["/lib/dagre.js"] == nil)
    }

    @Test("Later changes of the files are not seen: they are read once")
    func readOnce() throws {
        let place = try Place([(Self.style, Array("a {}".utf8))])
        let assets = ConsoleAssets(libraries: place.libraries)
        #expect(unlink(place.root + "/" + Self.style) == 0)
        #expect(assets.response("/lib/dygraphs.css")?.body == Array("a {}".utf8))
    }

    @Test(
        "Nothing else below the directory has an address",
        arguments: ["/lib", "/lib/", "/lib/dygraph.css", "/lib/../lib/dagre.js"])
    func nothingElse(path: String) throws {
        let place = try Place([(Self.style, [97]), (Self.dagre, [97])])
        #expect(ConsoleAssets(libraries: place.libraries).response(path) == nil)
    }
}
