import CallGraph
import Testing
import TraceAssembly

@Suite("Graphs as text for other programs")
struct WriterTests {
    private static func picture(_ name: String = "pay") -> GraphPicture {
        var picture = GraphPicture()
        var shop = GraphPicture.Node(id: "service:shop", name: "shop", kind: "service")
        shop.figures.count = 1
        var pay = GraphPicture.Node(id: "service:pay", name: name, kind: "database")
        (pay.figures.count, pay.figures.errors, pay.figures.p95, pay.step) = (120, 3, 12_000_000, .dominant)
        picture.nodes = [shop, pay]
        var edge = GraphPicture.Edge(from: "service:shop", to: "service:pay", kind: "database")
        (edge.figures, edge.step, edge.change) = (pay.figures, .large, .slower)
        picture.edges = [edge, GraphPicture.Edge(from: "service:shop", to: "service:nowhere", kind: "call")]
        return picture
    }

    @Test("Dot")
    func dot() {
        #expect(
            Self.picture().dot() == #"""
                digraph calls {
                  rankdir=LR;
                  node [shape=box, style=filled, fontname="sans-serif"];
                  edge [fontname="sans-serif", fontsize=10];
                  n0 [label="shop\n1 call", fillcolor="#c6d0de", fontcolor="#1a1a1a", shape=box];
                  n1 [label="pay\ndatabase\n120 calls, 3 errors, p95 12 ms", fillcolor="#9b0f3c", fontcolor="#ffffff", shape=cylinder, peripheries=2];
                  n0 -> n1 [label="120 calls, 3 errors, p95 12 ms\ndatabase\nslower", color="#d2602a", style=dashed, penwidth=2.5];
                }

                """#)
    }

    @Test("Mermaid")
    func mermaid() {
        #expect(
            Self.picture().mermaid() == #"""
                flowchart LR
                  n0["shop<br/>1 call"]:::step0
                  n1[("pay<br/>database<br/>120 calls, 3 errors, p95 12 ms")]:::step4
                  n0 -.->|"120 calls, 3 errors, p95 12 ms<br/>database<br/>slower"| n1
                  classDef step0 fill:#c6d0de,color:#1a1a1a,stroke:#8593a8
                  classDef step1 fill:#94b8c9,color:#1a1a1a,stroke:#94b8c9
                  classDef step2 fill:#e0a02f,color:#1a1a1a,stroke:#e0a02f
                  classDef step3 fill:#d2602a,color:#000000,stroke:#d2602a
                  classDef step4 fill:#9b0f3c,color:#ffffff,stroke:#9b0f3c
                  linkStyle 0 stroke:#d2602a,stroke-width:3px

                """#)
    }

    @Test(
        "Names are shown and never obeyed",
        arguments: [
            (#"a"]; b"#, #"a\"]; b"#, "a#34;#93;#59; b"),
            (#"a\"#, #"a\\"#, "a#92;"),
            (
                "<img src=x onerror=alert(1)>", "&lt;img src=x onerror=alert(1)&gt;",
                "#60;img src#61;x onerror#61;alert(1)#62;"
            ),
            ("&quot;", "&amp;quot;", "#38;quot#59;"),
            ("a\nb", #"a\\u{A}b"#, "a#92;u#123;A#125;b"),
            ("\u{1B}[31m", #"\\u{1B}[31m"#, "#92;u#123;1B#125;#91;31m"),
            ("\u{202E}gpj", #"\\u{202E}gpj"#, "#92;u#123;202E#125;gpj"),
            ("%%{init: 1}%%", "%%{init: 1}%%", "#37;#37;#123;init: 1#125;#37;#37;"),
            ("`**x**`", "`**x**`", "#96;#42;#42;x#42;#42;#96;"),
            (#"\N"#, #"\\N"#, "#92;N"),
            ("größe 数", "größe 数", "größe 数"),
            ("", "(no name)", "(no name)"),
        ])
    func names(name: String, dot: String, mermaid: String) {
        #expect(Self.picture(name).dot().contains("n1 [label=\"\(dot)\\ndatabase"))
        #expect(Self.picture(name).mermaid().contains("n1[(\"\(mermaid)<br/>database"))
    }
}
