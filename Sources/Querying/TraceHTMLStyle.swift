/// The look of the page for an incident report: the palette of docs/TraceAssembly.md, dark and light, on screens and paper.
enum TraceHTMLStyle {
    static let sheet: StaticString = """
        :root {
          --step0: #c6d0de; --step1: #94b8c9; --step2: #e0a02f; --step3: #d2602a; --step4: #9b0f3c;
          --edge0: #8492a6; --edge1: #5d8797; --edge2: #a8731a; --edge3: #9c4419; --edge4: #6f0529;
          --page: #fff; --raised: #f1f2f3; --ink: #191e26; --soft: #5a6371; --line: #e1e4e8; --link: #1d55a8; --bad: #a8201a;
          --odd: #8a5a00; --hatch: rgb(255 255 255 / 62%); color-scheme: light;
        }
        @media screen and (prefers-color-scheme: dark) {
          :root {
            --step0: #36445c; --step1: #4a7d97; --step2: #bd8a2c; --step3: #f0863a; --step4: #ff5c8a;
            --edge0: #62738f; --edge1: #6fa3bd; --edge2: #d9a747; --edge3: #ffa564; --edge4: #ff90b0;
            --page: #11141a; --raised: #1f242e; --ink: #e6e9ef; --soft: #9ca6b6; --line: #272d38; --link: #8ab4ff;
            --bad: #ff8f87; --odd: #e8b75a; --hatch: rgb(17 20 26 / 55%); color-scheme: dark;
          }
        }
        * { box-sizing: border-box; }
        body {
          margin: 0; background: var(--page); color: var(--ink); overflow-wrap: anywhere;
          font: 15px/1.5 system-ui, "Segoe UI", "Noto Sans", "DejaVu Sans", sans-serif;
        }
        main { max-width: 90rem; margin: 0 auto; padding: 1.5rem; }
        h1, h2, h3, p, dl, dd, ul { margin: 0; }
        h1 { font-size: 1.5rem; line-height: 1.25; }
        h2 { font-size: 1.15rem; margin: 2rem 0 .6rem; }
        h3 { font-size: .8rem; margin: .9rem 0 .2rem; color: var(--soft); text-transform: uppercase; letter-spacing: .05em; }
        a { color: inherit; text-decoration-color: var(--link); text-underline-offset: .15em; }
        code { font-family: ui-monospace, "DejaVu Sans Mono", monospace; font-size: .9em; }
        ul { padding-left: 1.2rem; }
        .sub { color: var(--soft); }
        .bad { color: var(--bad); }
        .odd { color: var(--odd); font-weight: 700; }
        .number { font-variant-numeric: tabular-nums; white-space: nowrap; text-align: right; }
        .verdict { font-size: 1.1rem; margin-top: .8rem; }
        .notice { padding: .5rem .8rem; background: var(--raised); border-radius: 6px; margin-top: .6rem; }
        .figures { display: flex; flex-wrap: wrap; gap: .6rem 2rem; margin-top: 1.2rem; }
        .figures dt { color: var(--soft); font-size: .85rem; }
        .figures dd { font-size: 1.15rem; font-weight: 600; font-variant-numeric: tabular-nums; }
        .legend { display: flex; flex-wrap: wrap; gap: .2rem 1.1rem; font-size: .85rem; margin-bottom: .6rem; }
        .swatch { display: inline-block; position: relative; width: 1.4rem; height: .7rem; vertical-align: -.05rem; }
        .waterfall { width: 100%; table-layout: fixed; border-collapse: collapse; font-size: .85rem; }
        .waterfall th, .waterfall td { padding: .1rem .4rem; border-bottom: 1px solid var(--line); font-weight: 400; }
        .waterfall th { text-align: left; overflow: hidden; }
        .waterfall thead th { color: var(--soft); }
        .waterfall th:nth-child(1) { width: 34%; }
        .waterfall th:nth-child(2), .waterfall th:nth-child(3) { width: 5.4rem; text-align: right; }
        .waterfall th:nth-child(5) { width: 4.2rem; text-align: right; }
        .waterfall th > div {
          padding-left: calc(var(--depth) * .75rem); overflow: hidden; text-overflow: ellipsis; white-space: nowrap;
        }
        .waterfall tbody tr { height: 1.7em; }
        .axis span { float: left; }
        .axis span + span { float: right; }
        .track { position: relative; height: .85rem; overflow: hidden; }
        .track i { position: absolute; min-width: 2px; }
        .bar { top: 0; bottom: 0; border: 1px solid; border-radius: 2px; }
        i.s0 { --own: var(--step0); background: var(--own); border-color: var(--edge0); }
        i.s1 { --own: var(--step1); background: var(--own); border-color: var(--edge1); }
        i.s2 { --own: var(--step2); background: var(--own); border-color: var(--edge2); }
        i.s3 { --own: var(--step3); background: var(--own); border-color: var(--edge3); }
        i.s4 { --own: var(--step4); background: var(--own); border-color: var(--edge4); }
        .track i.waits { background: linear-gradient(color-mix(in srgb, var(--page) 80%, transparent) 0 0), var(--own); }
        .swatch[class*=" s"] { border: 1px solid; border-radius: 2px; }
        i.failed { background-image: repeating-linear-gradient(135deg, var(--hatch) 0 3px, transparent 3px 7px); }
        i.absent { border: 1px dashed var(--soft); background: none; }
        .track .path { bottom: 0; height: 4px; background: var(--ink); }
        .swatch.path { border-bottom: 4px solid var(--ink); }
        details { border: 1px solid var(--line); border-radius: 6px; padding: .4rem .8rem; margin-bottom: .5rem; }
        summary { cursor: pointer; font-weight: 600; }
        details dl { display: grid; grid-template-columns: minmax(8rem, 16rem) minmax(0, 1fr); gap: .1rem 1rem; font-size: .9rem; }
        details dt { color: var(--soft); }
        details dd { white-space: pre-wrap; overflow: hidden; }
        :target { outline: 2px solid var(--link); outline-offset: 2px; }
        @media (max-width: 45rem) {
          main { padding: .8rem; }
          .waterfall th:nth-child(3), .waterfall td:nth-child(3) { display: none; }
          details dl { grid-template-columns: minmax(0, 1fr); }
        }
        @media print {
          @page { margin: 1.2cm; }
          main { max-width: none; padding: 0; }
          body { font-size: 10pt; }
          * { -webkit-print-color-adjust: exact; print-color-adjust: exact; }
          tr, .figures, summary { break-inside: avoid; }
          h2, h3 { break-after: avoid; }
          thead { display: table-header-group; }
          details::details-content { content-visibility: visible; height: auto; }
        }

        """
}
