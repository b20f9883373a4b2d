import Console
import HTTP
import Testing

@Suite("The console's files are served from the program itself")
struct ConsoleAssetsTests {
    private let assets = ConsoleAssets()
    /// The name of the SVG format, and addresses on this machine that people are told of.
    private static let mentioning: Set = [
        "/assets/icon.svg", "/assets/canvas.js", "/assets/traces.js", "/assets/services.js",
    ]

    private func text(_ path: String) -> String {
        String(decoding: assets.response(path)?.body ?? [], as: UTF8.self)
    }

    @Test(
        "Each address the page knows gives the page",
        arguments: [
            "/", "/index.html", "/services", "/graph", "/compare", "/trace/4bf92f3577b34da6a3ce929d0e0e4736",
            "/trace/anything",
        ])
    func pages(path: String) throws {
        let response = try #require(assets.response(path))
        #expect(response.status == 200)
        #expect(response.headers["content-type"] == "text/html; charset=utf-8")
        #expect(String(decoding: response.body, as: UTF8.self).hasPrefix("<!doctype html>"))
    }

    @Test("A page names the modules that it begins with, each once, and none of those that come later")
    func modules() {
        func named(_ path: String) -> [Substring] {
            text(path).split(separator: "\n").filter { $0.hasPrefix("<link rel=\"modulepreload\"") }
                .compactMap { $0.split(separator: "\"").first { $0.hasPrefix("/assets/") }?.dropFirst(8) }
        }
        let trace = named("/trace/anything")
        #expect(trace.first == "trace.js")
        #expect(Set(trace).count == trace.count)
        #expect(Set(trace).isSuperset(of: ["api.js", "dom.js", "waterfall.js", "waterfallRow.js"]))
        #expect(Set(trace).isDisjoint(with: ["console.js", "traces.js", "traceGraph.js", "graphView.js"]))
        #expect(named("/").first == "traces.js")
        #expect(named("/graph").contains("graphView.js"))
        #expect(named("/index.html") == [])
    }

    @Test(
        "The answer to a trace is on its way before the document of its page was read; of what is no id nothing is said"
    )
    func preload() throws {
        let id = "4bf92f3577b34da6a3ce929d0e0e4736"
        let link = try #require(assets.response("/trace/\(id)")).headers["link"]
        #expect(link == "</api/v1/traces/\(id)/overview>; rel=preload; as=fetch; crossorigin")
        for path in ["/", "/trace/\(id)0", "/trace/\(id.dropLast())>", "/trace/4BF92F3577B34DA6A3CE929D0E0E4736"] {
            #expect(try #require(assets.response(path)).headers["link"] == nil)
        }
    }

    @Test(
        "There is nothing anywhere else",
        arguments: [
            "", "/trace", "/trace/", "/trace/a/b", "/assets", "/assets/", "/assets/../index.html",
            "/assets/%2e%2e/index.html",
            "/etc/passwd", "//", "/Assets/console.js", "/assets/console.js/", "/assets/console.js\u{0}",
        ])
    func nothingElse(path: String) {
        #expect(assets.response(path) == nil)
    }

    @Test("Whatever a file names exists, has the right type, and comes from here")
    func references() throws {
        var waiting = ["/"]
        var seen: Set<String> = []
        while let path = waiting.popLast() {
            guard seen.insert(path).inserted else { continue }
            let response = try #require(assets.response(path), "\(path) is named and missing")
            let type = response.headers["content-type"]
            if path.hasSuffix(".js") { #expect(type == "text/javascript; charset=utf-8") }
            if path.hasSuffix(".css") { #expect(type == "text/css; charset=utf-8") }
            if path.hasSuffix(".svg") { #expect(type == "image/svg+xml") }
            let content = text(path)
            for quoted in content.split(separator: "\"") {
                if quoted.hasPrefix("./"), quoted.hasSuffix(".js") { waiting.append("/assets/" + quoted.dropFirst(2)) }
                if quoted.hasPrefix("/assets/") { waiting.append(String(quoted)) }
            }
            #expect(!content.contains("http://") || Self.mentioning.contains(path))
            #expect(!content.contains("https://"))
        }
        #expect(seen.count == 70)
    }

    @Test("The policy allows the page's own files and nothing inline; the files keep to it")
    func policy() throws {
        let headers = try #require(assets.response("/")).headers
        #expect(
            headers["content-security-policy"]
                == "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
                + "frame-ancestors 'none'; base-uri 'none'; form-action 'none'")
        #expect(headers["x-content-type-options"] == "nosniff")
        #expect(headers["referrer-policy"] == "no-referrer")
        let page = text("/")
        #expect(!page.contains("style="))
        #expect(!page.contains("<style"))
        #expect(!page.contains(" on"))
        for name in [
            "api", "arrange", "canvas", "charts", "clocks", "compare", "comparePopulations", "compareTraces", "console",
            "dom", "eventList", "facets", "findInTrace", "flame", "format", "graph", "graphControls", "graphGroups",
            "graphLegend", "graphLinks", "graphModel", "graphPaint", "graphPanel", "graphQuestion", "graphScene",
            "graphStates", "graphTable", "graphView", "latencies", "layerOf", "layerRows", "layers", "layersWorker",
            "legend", "live", "menu", "minimap", "operationTable", "panel", "part", "past", "pin", "query", "queryText",
            "querybox", "red", "results", "rowMap", "rowStore", "services", "timeWindow", "timerange", "trace",
            "traceGraph", "traceHeading", "traceKeys", "traceTree", "traces", "values", "viewAddress", "waterfall",
            "waterfallRow",
        ] {
            let script = text("/assets/\(name).js")
            for forbidden in [
                "innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "javascript:",
                "new Function",
            ] {
                #expect(!script.contains(forbidden), "\(name).js")
            }
        }
    }

    @Test("A copy that is still good is not sent again")
    func entityTags() throws {
        let tag = try #require(assets.response("/assets/console.js")?.headers["etag"])
        #expect(tag != assets.response("/assets/dom.js")?.headers["etag"])
        for header in [tag, "W/\(tag)", "\"other\", \(tag) ", "*"] {
            let response = try #require(assets.response("/assets/console.js", ifNoneMatch: header))
            #expect(response.status == 304)
            #expect(response.body.isEmpty)
            #expect(response.headers["etag"] == tag)
        }
        #expect(assets.response("/assets/console.js", ifNoneMatch: "\"other\"")?.status == 200)
    }

    @Test("Any request is answered: with a file, the page under 404 for a browser, or 405")
    func anyRequest() {
        func answer(_ method: String, _ path: String, _ headers: [(String, String)] = []) -> HTTPResponse {
            ConsoleAssets.response(to: RequestHead(method: method, path: path, headers: HTTPHeaders(headers)))
        }
        #expect(answer("GET", "/assets/dom.js").status == 200)
        #expect(answer("HEAD", "/").status == 200)
        #expect(answer("GET", "/nowhere").status == 404)
        #expect(answer("GET", "/nowhere").headers["content-type"] == "text/plain; charset=utf-8")
        let page = answer("GET", "/nowhere", [("accept", "text/html,*/*")])
        #expect(page.status == 404)
        #expect(page.headers["content-type"] == "text/html; charset=utf-8")
        #expect(page.headers["content-security-policy"]?.hasPrefix("default-src 'none'") == true)
        #expect(answer("POST", "/").status == 405)
        #expect(answer("POST", "/").headers["allow"] == "GET, HEAD")
        let tag = answer("GET", "/").headers["etag"] ?? ""
        #expect(answer("GET", "/", [("if-none-match", tag)]).status == 304)
    }
}
