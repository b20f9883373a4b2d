import OTLP
import TraceAssembly
import TraceModel

extension HTMLWriter {
    private static var longestValue: Int { 2_000 }
    private static var mostAttributes: Int { 100 }
    private static var mostEvents: Int { 50 }
    private static var mostLinks: Int { 20 }

    /// What a reader from another agency looks for first.
    private static func isContext(_ attribute: Attribute) -> Bool {
        // By bytes: a mark behind the dot would make one character of both.
        attribute.key.utf8.starts(with: "hms.a2a.".utf8) || attribute.key.utf8.starts(with: "hms.mcp.".utf8)
    }

    /// Everything about one span.
    mutating func span(_ node: TraceNode, in summary: TraceSummary) {
        guard let span = node.span else { return }
        markup("<dl>\n")
        row("Span") { $0.text(node.spanID.description) }
        if let parent = span.parentSpanID { row("Parent") { $0.text(parent.description) } }
        row("Kind") { $0.text(span.kind.description) }
        row("Start") { $0.text(TimeText.moment(span.startUnixNano)) }
        row("Time") { $0.text(TimeText.duration(node.duration)) }
        row("Self") { $0.text(TimeText.duration(node.selfTime)) }
        row("Critical path") { html in
            html.text(TimeText.duration(node.criticalTime))
            html.markup(" (")
            html.text(TimeText.percent(node.criticalTime, of: summary.criticalTime))
            html.markup(")")
        }
        if span.status.code != .unset { row("Status") { $0.text(span.status.code.word) } }
        if !span.status.message.isEmpty {
            row("Message") { $0.text(span.status.message, limit: Self.longestValue, keepsLines: true) }
        }
        if !node.oddities.isEmpty { row("Strange") { $0.text(node.oddities.words.joined(separator: ", ")) } }
        if !node.variants.isEmpty {
            row("Other spans with this id") { $0.number(node.variants.count) }
        }
        markup("</dl>\n")

        attributes("Envelope and context", span.attributes.filter(Self.isContext), 0)
        attributes("Attributes", span.attributes.filter { !Self.isContext($0) }, span.droppedAttributes)
        events(span)
        links(span)
        attributes("Resource", span.resource.attributes, span.resource.droppedAttributes)
    }

    private mutating func row(_ term: StaticString, _ content: (inout HTMLWriter) -> Void) {
        markup("<dt>")
        markup(term)
        markup("</dt><dd>")
        content(&self)
        markup("</dd>\n")
    }

    private mutating func attributes(_ heading: StaticString, _ list: [Attribute], _ dropped: UInt32) {
        guard !list.isEmpty || dropped > 0 else { return }
        markup("<h3>")
        markup(heading)
        markup("</h3>\n")
        pairs(list)
        guard dropped > 0 else { return }
        markup("<p class=\"sub\">The service left out ")
        number(dropped)
        markup(" more.</p>\n")
    }

    private mutating func pairs(_ list: [Attribute]) {
        guard !list.isEmpty else { return }
        markup("<dl>\n")
        for attribute in list.prefix(Self.mostAttributes) {
            markup("<dt><code>")
            name(attribute.key, orElse: "(no key)")
            markup("</code></dt><dd><bdi>")
            text(attribute.value.description, limit: Self.longestValue, keepsLines: true)
            markup("</bdi></dd>\n")
        }
        markup("</dl>\n")
        leftOut(list.count - Self.mostAttributes)
    }

    private mutating func events(_ span: SpanValue) {
        guard !span.events.isEmpty else { return }
        markup("<h3>Events</h3>\n")
        for event in span.events.prefix(Self.mostEvents) {
            markup("<p><b>")
            name(event.name, orElse: "unnamed")
            markup("</b> <span class=\"sub number\">")
            if event.timeUnixNano >= span.startUnixNano, event.timeUnixNano > 0 {
                text("+" + TimeText.duration(event.timeUnixNano - span.startUnixNano))
            } else {
                text(TimeText.moment(event.timeUnixNano))
            }
            markup("</span></p>\n")
            pairs(event.attributes)
        }
        leftOut(span.events.count - Self.mostEvents)
    }

    private mutating func links(_ span: SpanValue) {
        guard !span.links.isEmpty else { return }
        markup("<h3>Links</h3>\n<ul>\n")
        for link in span.links.prefix(Self.mostLinks) {
            markup("<li>trace <code>")
            text(link.traceID.description)
            markup("</code>, span <code>")
            text(link.spanID.description)
            markup("</code></li>\n")
        }
        markup("</ul>\n")
        leftOut(span.links.count - Self.mostLinks)
    }

    private mutating func leftOut(_ count: Int) {
        guard count > 0 else { return }
        markup("<p class=\"sub\">")
        number(count)
        markup(" more are left out.</p>\n")
    }
}
