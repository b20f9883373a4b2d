package import HTTP

/// The console's pages and what they are made of. They are part of the program: a request never reaches a file system.
package struct ConsoleAssets: Sendable {
    private struct Asset {
        let body: [UInt8]
        let type: String
        let tag: String

        init(_ body: [UInt8], _ type: String) {
            self.body = body
            self.type = type
            tag = ConsoleAssets.tag(of: body)
        }
    }

    private let assets: [String: Asset]
    /// By the module that shows the page.
    private let pages: [String: Asset]
    private let plainPage: Asset

    package init(libraries: ConsoleLibraries = ConsoleLibraries()) {
        let script = "text/javascript; charset=utf-8"
        let style = "text/css; charset=utf-8"
        let own = [
            "/assets/api.js": Asset(PackageResources.api_js, script),
            "/assets/arrange.js": Asset(PackageResources.arrange_js, script),
            "/assets/canvas.js": Asset(PackageResources.canvas_js, script),
            "/assets/charts.js": Asset(PackageResources.charts_js, script),
            "/assets/clocks.js": Asset(PackageResources.clocks_js, script),
            "/assets/compare.css": Asset(PackageResources.compare_css, style),
            "/assets/compare.js": Asset(PackageResources.compare_js, script),
            "/assets/comparePopulations.js": Asset(PackageResources.comparePopulations_js, script),
            "/assets/compareTraces.js": Asset(PackageResources.compareTraces_js, script),
            "/assets/console.css": Asset(PackageResources.console_css, style),
            "/assets/console.js": Asset(PackageResources.console_js, script),
            "/assets/dom.js": Asset(PackageResources.dom_js, script),
            "/assets/eventList.js": Asset(PackageResources.eventList_js, script),
            "/assets/facets.js": Asset(PackageResources.facets_js, script),
            "/assets/findInTrace.js": Asset(PackageResources.findInTrace_js, script),
            "/assets/flame.js": Asset(PackageResources.flame_js, script),
            "/assets/format.js": Asset(PackageResources.format_js, script),
            "/assets/graph.css": Asset(PackageResources.graph_css, style),
            "/assets/graph.js": Asset(PackageResources.graph_js, script),
            "/assets/graphControls.js": Asset(PackageResources.graphControls_js, script),
            "/assets/graphGroups.js": Asset(PackageResources.graphGroups_js, script),
            "/assets/graphLegend.js": Asset(PackageResources.graphLegend_js, script),
            "/assets/graphLinks.js": Asset(PackageResources.graphLinks_js, script),
            "/assets/graphModel.js": Asset(PackageResources.graphModel_js, script),
            "/assets/graphPaint.js": Asset(PackageResources.graphPaint_js, script),
            "/assets/graphPanel.js": Asset(PackageResources.graphPanel_js, script),
            "/assets/graphQuestion.js": Asset(PackageResources.graphQuestion_js, script),
            "/assets/graphScene.js": Asset(PackageResources.graphScene_js, script),
            "/assets/graphStates.js": Asset(PackageResources.graphStates_js, script),
            "/assets/graphTable.js": Asset(PackageResources.graphTable_js, script),
            "/assets/graphView.js": Asset(PackageResources.graphView_js, script),
            "/assets/icon.svg": Asset(PackageResources.icon_svg, "image/svg+xml"),
            "/assets/latencies.js": Asset(PackageResources.latencies_js, script),
            "/assets/layerOf.js": Asset(PackageResources.layerOf_js, script),
            "/assets/layerRows.js": Asset(PackageResources.layerRows_js, script),
            "/assets/layers.js": Asset(PackageResources.layers_js, script),
            "/assets/layersWorker.js": Asset(PackageResources.layersWorker_js, script),
            "/assets/legend.js": Asset(PackageResources.legend_js, script),
            "/assets/live.js": Asset(PackageResources.live_js, script),
            "/assets/menu.js": Asset(PackageResources.menu_js, script),
            "/assets/minimap.js": Asset(PackageResources.minimap_js, script),
            "/assets/operationTable.js": Asset(PackageResources.operationTable_js, script),
            "/assets/panel.js": Asset(PackageResources.panel_js, script),
            "/assets/part.js": Asset(PackageResources.part_js, script),
            "/assets/past.js": Asset(PackageResources.past_js, script),
            "/assets/pin.js": Asset(PackageResources.pin_js, script),
            "/assets/query.js": Asset(PackageResources.query_js, script),
            "/assets/queryText.js": Asset(PackageResources.queryText_js, script),
            "/assets/querybox.js": Asset(PackageResources.querybox_js, script),
            "/assets/red.js": Asset(PackageResources.red_js, script),
            "/assets/results.js": Asset(PackageResources.results_js, script),
            "/assets/rowMap.js": Asset(PackageResources.rowMap_js, script),
            "/assets/rowStore.js": Asset(PackageResources.rowStore_js, script),
            "/assets/services.css": Asset(PackageResources.services_css, style),
            "/assets/services.js": Asset(PackageResources.services_js, script),
            "/assets/timeWindow.js": Asset(PackageResources.timeWindow_js, script),
            "/assets/timerange.js": Asset(PackageResources.timerange_js, script),
            "/assets/trace.css": Asset(PackageResources.trace_css, style),
            "/assets/trace.js": Asset(PackageResources.trace_js, script),
            "/assets/traceGraph.js": Asset(PackageResources.traceGraph_js, script),
            "/assets/traceHeading.js": Asset(PackageResources.traceHeading_js, script),
            "/assets/traceKeys.js": Asset(PackageResources.traceKeys_js, script),
            "/assets/traceTree.js": Asset(PackageResources.traceTree_js, script),
            "/assets/traces.css": Asset(PackageResources.traces_css, style),
            "/assets/traces.js": Asset(PackageResources.traces_js, script),
            "/assets/values.js": Asset(PackageResources.values_js, script),
            "/assets/viewAddress.js": Asset(PackageResources.viewAddress_js, script),
            "/assets/waterfall.js": Asset(PackageResources.waterfall_js, script),
            "/assets/waterfallRow.js": Asset(PackageResources.waterfallRow_js, script),
        ]
        let documents = ConsolePages(
            PackageResources.index_html,
            scripts: Dictionary(uniqueKeysWithValues: own.map { (String($0.key.dropFirst(8)), $0.value.body) }))
        let document = "text/html; charset=utf-8"
        pages = documents.documents.mapValues { Asset($0, document) }
        plainPage = Asset(documents.plain, document)
        assets = own.merging(libraries.libraries.mapValues { Asset($0.body, $0.type) }) { own, _ in own }
    }

    private static let shared = ConsoleAssets()

    /// Reads the libraries, which else the first request would wait for.
    package static func prepare() { _ = shared }

    /// The answer to any request: a file, the page saying that there is none (404), or 405.
    package static func response(to head: RequestHead) -> HTTPResponse {
        guard head.method == "GET" || head.method == "HEAD" else {
            var response = HTTPResponse.text(405, "the console is read with GET\n")
            response.headers.add("allow", "GET, HEAD")
            return response
        }
        if let response = shared.response(head.path, ifNoneMatch: head.headers["if-none-match"]) { return response }
        guard head.headers["accept"]?.contains("text/html") == true else {
            return .text(404, "there is nothing here\n")
        }
        var response = shared.response("/index.html") ?? .text(404, "")
        response.status = 404
        return response
    }

    /// The answer to a GET or HEAD of `path`; nil when there is nothing at it. `ifNoneMatch` is the request's header of
    /// that name: a copy that is still good is answered with 304.
    package func response(_ path: String, ifNoneMatch: String? = nil) -> HTTPResponse? {
        guard let asset = asset(at: path) else { return nil }
        var headers = Self.securityHeaders
        headers.add("etag", asset.tag)
        headers.add("cache-control", "no-cache")
        if let preload = ConsolePages.preload(at: path) { headers.add("link", preload) }
        if let ifNoneMatch, Self.matches(ifNoneMatch, asset.tag) { return HTTPResponse(status: 304, headers: headers) }
        headers.add("content-type", asset.type)
        return HTTPResponse(status: 200, headers: headers, body: asset.body)
    }

    private func asset(at path: String) -> Asset? {
        if path == "/index.html" { return plainPage }
        if let module = ConsolePages.module(at: path) { return pages[module] }
        if path == "/favicon.ico" { return assets["/assets/icon.svg"] }
        return assets[path]
    }

    /// Nothing from elsewhere, nothing inline, nobody frames it.
    private static let securityHeaders = HTTPHeaders([
        (
            "content-security-policy",
            "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
                + "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
        ),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
    ])

    private static func matches(_ header: String, _ tag: String) -> Bool {
        header.split(separator: ",").contains { candidate in
            var text = candidate.drop { $0 == " " }
            while text.last == " " { text = text.dropLast() }
            if text.hasPrefix("W/") { text = text.dropFirst(2) }
            return text == "*" || text == tag
        }
    }

    /// A name for the content: two hashes (FNV-1a, from both ends) and the length. Files of one build are told from those
    /// of another; nobody gains from making two agree.
    private static func tag(of body: [UInt8]) -> String {
        func hash(_ bytes: some Sequence<UInt8>) -> UInt64 {
            bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
        }
        let parts = [hash(body), hash(body.reversed()), UInt64(body.count)]
        return "\"" + parts.map { String($0, radix: 36) }.joined(separator: "-") + "\""
    }
}
