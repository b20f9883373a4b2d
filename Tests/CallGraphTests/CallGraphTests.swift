import CallGraph
import OTLP
import Testing
import TraceAssembly
import TraceModel

@Suite("The graph of a trace")
struct CallGraphTests {
    private static let postgres = [Attribute("db.system.name", .string("postgresql"))]

    @Test("A pair of client and server is one call; a client whose server sent nothing calls a database")
    func calls() {
        let graph = graphOf([
            sample(1, 100, 200, "shop", .server),
            sample(
                2, under: 1, 110, 190, "shop", .client, attributes: [Attribute("server.address", .string("pay.local"))]),
            sample(3, under: 2, 115, 185, "pay", .server, error: true),
            sample(4, under: 3, 120, 180, "pay", .client, attributes: Self.postgres),
        ])
        #expect(
            graph.lines == [
                "service:pay 1/2 e1 70 c10", "service:shop 1/2 e0 100 c30", "database:postgresql 1/1 e0 60 c60",
                "pay -database> postgresql 1 e0 60 c60", "shop -call> pay 1 e1 70 c10",
            ])
    }

    @Test("Client and server of one service are a call of the service to itself; plain spans of it are none")
    func ownCalls() {
        let graph = graphOf([
            sample(1, 1, 101, "a", .server), sample(2, under: 1, 10, 90, "a"),
            sample(3, under: 2, 20, 80, "a", .client), sample(4, under: 3, 30, 70, "a", .server),
        ])
        #expect(graph.lines == ["service:a 2/4 e0 140 c100", "a -call> a 1 e0 40 c40"])
    }

    @Test("A parent and a child of different services are a call whatever their kinds are")
    func plainPairs() {
        let graph = graphOf([sample(1, 1, 101, "a"), sample(2, under: 1, 20, 50, "b")])
        #expect(graph.lines == ["service:a 1/1 e0 100 c70", "service:b 1/1 e0 30 c30", "a -call> b 1 e0 30 c30"])
    }

    @Test("Producers and consumers are messages, and a producer that nobody was seen to hear sends to a queue")
    func messages() {
        let topic = [
            Attribute("messaging.system", .string("kafka")),
            Attribute("messaging.destination.name", .string("orders")),
        ]
        let graph = graphOf([
            sample(1, 0, 10, "shop", .producer, attributes: topic),
            sample(2, under: 1, 40, 60, "mail", .consumer),
            sample(3, 5, 9, "shop", .producer, attributes: topic),
        ])
        #expect(
            graph.edges.keys.sorted() == [
                GraphEdgeID(from: "shop", to: "mail", .message), GraphEdgeID(from: "shop", to: "kafka", .queue),
            ])
    }

    @Test("What a span calls: databases before queues before hosts, of one kind the first that is a text")
    func peers() {
        func peer(_ attributes: [Attribute]) -> [String] {
            graphOf([sample(1, 0, 1, "a", .client, attributes: attributes)]).edges.keys.map { $0.to.text }
        }
        let host = Attribute("server.address", .string("h"))
        #expect(peer([host, Attribute("db.system", .string("redis"))]) == ["database:redis"])
        #expect(peer([Attribute("db.system", .string("redis")), host]) == ["database:redis"])
        #expect(peer([Attribute("net.peer.name", .string("n")), host]) == ["host:n"])
        #expect(peer([Attribute("db.system", .string("")), host]) == ["host:h"])
        #expect(peer([Attribute("db.system", .int(1)), Attribute("db.system", .string("x"))]) == ["database:x"])
        #expect(peer([Attribute("peer.service", .bool(true))]) == [])
        #expect(
            peer([Attribute("peer.service", .string(String(repeating: "é", count: 200)))]) == [
                "host:" + String(repeating: "é", count: 127)
            ])
        #expect(graphOf([sample(1, 0, 1, "a", .server, attributes: [host])]).edges.isEmpty)
    }

    @Test("A link is an edge from the service of the span that it names, once for each span and service")
    func links() {
        let other = TraceID(high: 9, low: 9)
        var asked: [UInt64] = []
        let graph = graphOf(
            [
                sample(1, 1, 11, "shop", .producer), sample(2, 1, 11, "shop", .producer),
                sample(
                    3, 20, 30, "batch", .consumer, error: true,
                    links: [link(to: 1), link(to: 2), link(to: 7, of: other), link(to: 8, of: other), link(to: 99)]),
                sample(4, under: 3, 21, 29, "batch", links: [link(to: 3)]),
            ],
            linked: { link in
                asked.append(link.spanID.value)
                return link.spanID.value == 7 ? "till" : nil
            })
        #expect(
            graph.lines == [
                "service:batch 1/2 e1 10 c10", "service:shop 2/2 e0 20 c10", "service:till 0/0 e0 0 c0",
                "shop -link> batch 1 e1 10 c0", "till -link> batch 1 e1 10 c0",
            ])
        #expect(asked == [7, 8])
    }

    @Test("A link to the parent says nothing that its call does not say")
    func linkToParent() {
        let graph = graphOf([
            sample(1, 0, 10, "a", .producer), sample(2, under: 1, 2, 8, "b", .consumer, links: [link(to: 1)]),
        ])
        #expect(graph.edges.keys.sorted() == [GraphEdgeID(from: "a", to: "b", .message)])
    }

    @Test("Placeholders are no services; what calls through them is unknown")
    func missing() {
        let graph = graphOf([sample(2, under: 1, 1, 11, "b", .server)])
        #expect(graph.lines == ["service:b 1/1 e0 10 c10"])
    }

    @Test("A ring of parents keeps each of its calls")
    func rings() {
        let graph = graphOf([sample(1, under: 2, 0, 10, "a"), sample(2, under: 1, 1, 9, "b")])
        #expect(
            graph.edges.keys.sorted() == [
                GraphEdgeID(from: "a", to: "b", .call), GraphEdgeID(from: "b", to: "a", .call),
            ])
    }

    @Test("A chain of 20,000 services is a graph of as many nodes")
    func deepChain() {
        let count: UInt64 = 20_000
        let spans = (0..<count).map { number in
            sample(number + 1, under: number == 0 ? nil : number, number + 1, 2 * count - number + 1, "s\(number)")
        }
        let graph = graphOf(spans)
        #expect(graph.nodes.count == 20_000)
        #expect(graph.edges.count == 19_999)
        #expect(graph.nodes.values.reduce(0) { $0 + $1.criticalTime } == 40_000)
    }

    @Test("Names are told apart by their bytes")
    func names() {
        let graph = graphOf([sample(1, 0, 10, "caf\u{E9}"), sample(2, under: 1, 1, 2, "cafe\u{301}")])
        #expect(graph.nodes.count == 2)
        #expect(graph.edges.count == 1)
    }
}
