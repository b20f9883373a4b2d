"""What a person sees of a trace: rows read from `hms-ops trace`, from the HTML report and from the page of the console."""

import dataclasses
import html.parser
import json
import math
import os
import re
import subprocess

from programs import RELEASE

# How TerminalPen paints each step.
TERMINAL_STEPS = {"38;5;103": 0, "38;5;67": 1, "38;5;178": 2, "1;38;5;208": 3, "1;38;5;198": 4}
FAINT, FAILED = "38;5;245", "38;5;203"
COLUMNS = 400
PAINT = re.compile(r"\x1b\[([0-9;]*)m")
# Neither shows what is no reason to look twice.
HARMLESS = {"missing", "ends-after-parent"}


# MARK: How figures are written

def duration_text(nanoseconds):
    """Three digits with a unit, rounded half up: 842 ns, 1.24 ms, 2 m 05 s, 4 d 01 h, 365 d."""
    if nanoseconds < 1000:
        return f"{nanoseconds} ns"
    for unit, name, below in ((10**3, "µs", 10**6), (10**6, "ms", 10**9), (10**9, "s", 60 * 10**9)):
        if nanoseconds < below:
            digits = 2 if nanoseconds < 10 * unit else 1 if nanoseconds < 100 * unit else 0
            scaled = (2 * nanoseconds * 10**digits + unit) // (2 * unit)
            if scaled * unit < below * 10**digits:
                whole, part = divmod(scaled, 10**digits)
                decimals = f"{part:0{digits}}".rstrip("0") if digits else ""
                return f"{whole}{'.' if decimals else ''}{decimals} {name}"
    seconds = (2 * nanoseconds + 10**9) // (2 * 10**9)
    if seconds < 3600:
        return f"{seconds // 60} m {seconds % 60:02} s"
    if seconds < 86_400:
        return f"{seconds // 3600} h {seconds // 60 % 60:02} m"
    days = seconds // 86_400
    return f"{days} d {seconds // 3600 % 24:02} h" if days < 100 else f"{days} d"


def share_text(part, whole):
    """A share of the critical path as it stands beside a bar: from the first step on."""
    if whole == 0 or part * 100 < whole * 5:
        return ""
    return f"{math.floor(part * 100 / whole + 0.5)} %"


def rank_text(rank):
    """p97 is slower than 97 % of the hour before; never rounded up."""
    per_mille = round(rank * 10_000) // 10
    return "p99.9" if per_mille == 999 else f"p{per_mille // 10}"


def step_of(rank):
    return sum(rank >= bound for bound in (0.5, 0.75, 0.9, 0.99))


def _written_out(text, unseen, form):
    return "".join(form(ord(scalar)) if any(ord(scalar) in part for part in unseen) else scalar for scalar in text)


def terminal_text(text):
    unseen = (
        range(0x20), range(0x7F, 0xA0), [0x061C, 0xFEFF], range(0x200B, 0x2010), range(0x2028, 0x202F), range(0x2060, 0x206A),
        range(0xE0000, 0xE1000), range(0xFFF0, 0xFFFC))
    return _written_out(text, unseen, lambda value: f"\\u{{{value:X}}}")


def page_text(text):
    unseen = (
        range(9), range(0x0B, 0x20), range(0x7F, 0xA0), [0x061C, 0xFEFF], range(0x200B, 0x2010), range(0x2028, 0x202F),
        range(0x2060, 0x206A))
    return _written_out(text, unseen, lambda value: f"⟨U+{value:04X}⟩")


def report_text(text):
    return _written_out(text, (range(9), range(9, 0x20), range(0x7F, 0xA0), [0x061C, 0xFEFF], range(0x200B, 0x2010),
                               range(0x2028, 0x202F), range(0x2060, 0x2070)), lambda value: f"⟨U+{value:04X}⟩")


# MARK: The command line

@dataclasses.dataclass
class TerminalRow:
    label: str  # branch, marks and title
    is_failed: bool
    duration: str
    own: str
    bar: str
    step: int
    share: str
    rank: str


@dataclasses.dataclass
class TerminalTrace:
    head: list  # lines
    rows: list
    legend: list  # (step, words)


def on_terminal(trace_id, console, *options):
    """`hms-ops trace` on a wide terminal with colours."""
    done = subprocess.run(
        [RELEASE / "hms-ops", "trace", trace_id, "--color", "always", *options, "--collector", console], stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=60, env=os.environ | {"COLUMNS": str(COLUMNS)})
    assert done.returncode == 0 and done.stderr == "", done
    return _terminal_trace(done.stdout)


def _terminal_trace(text):
    head, tree, legend = text.split("\n\n")
    heads, *rows = tree.split("\n")
    assert "service · span" in heads
    legend = _pieces(legend.split("\n")[0])
    steps = [
        (TERMINAL_STEPS[code], legend[place + 1][1].strip()) for place, (code, _) in enumerate(legend) if code in TERMINAL_STEPS]
    return TerminalTrace([PAINT.sub("", line) for line in head.split("\n")], [_terminal_row(row) for row in rows], steps)


def _pieces(line):
    """The line as (paint, text); plain text has the paint ''."""
    pieces, paint = [], ""
    for place, part in enumerate(PAINT.split(line)):
        if place % 2:
            paint = "" if part == "0" else part
        elif part:
            pieces.append((paint, part))
    return pieces


def _terminal_row(line):
    pieces = _pieces(line)
    painted = [place for place, (paint, _) in enumerate(pieces) if paint in TERMINAL_STEPS]
    assert painted and len({pieces[place][0] for place in painted}) == 1, f"one row, one step: {line!r}"
    bar = painted[0]
    assert pieces[bar - 1][1].strip() == "" and pieces[bar - 2][0] == FAINT, line
    before = "".join(text for _, text in pieces[:bar - 2])
    behind = [pieces[place][1].strip() for place in painted[1:]]
    share = next((text for text in behind if text.endswith("%")), "")
    rank = next((text for text in behind if text.startswith("p")), "")
    assert len(behind) == bool(share) + bool(rank), line
    return TerminalRow(
        before[:-9].rstrip(), any(paint == FAILED for paint, _ in pieces[:bar - 2]), before[-9:].strip(), pieces[bar - 2][1].strip(),
        pieces[bar][1], TERMINAL_STEPS[pieces[bar][0]], share, rank)


def terminal_bar(row, whole, columns):
    """The cells of a row's bar; the path over the rest."""
    cells = [" "] * columns
    scale = columns / max(1, whole)

    def cover(offset, duration):
        first = min(math.floor(min(offset * scale, 1e6)), columns - 1)
        return range(first, min(max(first + 1, math.ceil(min((float(offset) + float(duration)) * scale, 1e6))), columns))

    for cell in cover(row.offset, row.duration):
        cells[cell] = "┄" if row.is_missing else "▏" if row.duration == 0 else "▒"
        if row.duration == 0 and not row.is_missing:
            break
    for stretch in row.joined_path:
        for cell in cover(*stretch):
            cells[cell] = "█"
    return "".join(cells)


def terminal_label(row, is_last, absence):
    """`is_last`: for the row and each one above it, from depth 1 on: whether it is the last below its parent. `absence`: what is said
    of a placeholder."""
    branch = "".join("  " if last else "│ " for last in is_last[:-1]) + ("└ " if is_last[-1] else "├ ") if is_last else ""
    marks = ("⊗ " if row.is_origin else "✕ " if row.is_error else "") + ("! " if set(row.oddities) - HARMLESS else "")
    if row.is_missing:
        return f"{branch}{marks}span {row.span_id} {absence}"
    return branch + marks + f"{terminal_text(row.service) or 'unknown service'} · {terminal_text(row.name) or 'unnamed'}"


# MARK: The report

@dataclasses.dataclass
class ReportRow:
    depth: int
    title: str
    marks: str
    duration: str
    own: str
    classes: list
    place: tuple  # per cent: left, width
    path: list
    share: str
    rank: str | None


class _Report(html.parser.HTMLParser):
    """Rows of the waterfall, and the sentence above it."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.rows, self.cells, self.verdict = [], None, ""
        self.is_waterfall = self.is_verdict = False
        self.marks = None

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        classes = (given.get("class") or "").split()
        if tag == "table":
            self.is_waterfall = "waterfall" in classes
        elif tag == "tr" and self.is_waterfall:
            self.cells, self.bars, self.depth = [], [], None
        elif tag in ("th", "td") and self.cells is not None:
            self.cells.append("")
        elif tag == "div" and self.cells is not None and "--depth" in given.get("style", ""):
            self.depth = int(given["style"].split(":")[1])
        elif tag == "i" and self.cells is not None:
            left, width = re.fullmatch(r"left:([0-9.]+)%;width:([0-9.]+)%", given["style"]).groups()
            self.bars.append((classes, (float(left), float(width))))
        self.is_verdict |= tag == "p" and "verdict" in classes

    def handle_data(self, data):
        if self.cells:
            self.cells[-1] += data
        if self.is_verdict:
            self.verdict += data

    def handle_endtag(self, tag):
        if tag == "p":
            self.is_verdict = False
        elif tag == "table":
            self.is_waterfall = False
        elif tag == "tr" and self.cells is not None:
            if self.depth is not None:
                self.rows.append(self._row())
            self.cells = None

    def _row(self):
        title, duration, own, _, share, *rank = (cell.strip() for cell in self.cells)
        marks = re.match(r"(?:[⊗✕!] )*", title)[0]
        (classes, place), *path = self.bars
        assert "bar" in classes and all(kind == ["path"] for kind, _ in path)
        return ReportRow(
            self.depth, title[len(marks):], marks.replace(" ", ""), duration, own, classes, place, [place for _, place in path], share,
            rank[0] if rank else None)


def in_report(text):
    """(rows, verdict) of the page `?format=html`."""
    report = _Report()
    report.feed(text)
    report.close()
    return report.rows, report.verdict.strip()


# MARK: The console

# Goes from trace to trace as the page's own links do, and reads each as it opens and with all runs unfolded.
READ_PAGES = """
(async (ids) => {
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  const ready = async (what, check) => {
    const deadline = performance.now() + 15000;
    for (;;) {
      const found = check();
      if (found) return found;
      if (performance.now() > deadline) throw new Error(`${what} never came; the page: ${document.body.innerText.slice(0, 500)}`);
      await frame();
    }
  };
  const shown = (element) => !element.hidden;
  const text = (row, selector) => { const found = row.querySelector(selector); return found && shown(found) ? found.textContent : ""; };
  const place = (element) => [parseFloat(element.style.left), parseFloat(element.style.width)];
  const rows = () => {
    const grid = document.querySelector('.waterfall');
    const list = [...grid.querySelectorAll('.row')];
    if (!list.length || list.some((row) => row.matches('.waiting')) || list.length + 1 !== Number(grid.getAttribute('aria-rowcount'))) return null;
    return list.sort((a, b) => a.getAttribute('aria-rowindex') - b.getAttribute('aria-rowindex')).map((row) => {
      const bar = row.querySelector('.bar');
      return { index: Number(row.id.slice(4)), level: Number(row.getAttribute('aria-level')), described: row.getAttribute('aria-label'),
        service: text(row, '.names > b:not(.run)'), name: text(row, '.name'), many: text(row, '.run'),
        error: shown(row.querySelector('.cross')), origin: shown(row.querySelector('.origin')), odd: shown(row.querySelector('.odd')),
        bar: bar.className.split(' '), barShown: shown(bar), place: place(bar),
        path: [...row.querySelectorAll('.times > .path')].filter(shown).map(place),
        took: text(row, '.took > span'), share: text(row, '.took > b').trim() };
    });
  };
  const answer = [];
  for (const id of ids) {
    history.pushState(null, '', `/trace/${id}`);
    dispatchEvent(new PopStateEvent('popstate'));
    await ready(id, () => document.querySelector('.trace .id code')?.textContent === id);
    const page = { id, folded: await ready(`rows of ${id}`, rows), open: null };
    page.verdicts = [...document.querySelectorAll('.verdict')].map((each) => each.textContent);
    page.legend = [0, 1, 2, 3, 4].map((step) => document.querySelector(`.legend .swatch.step${step}`).parentElement.textContent);
    if (page.folded.some((row) => row.many)) {
      document.querySelector('.waterfall').dispatchEvent(new KeyboardEvent('keydown', { key: 'X', bubbles: true }));
      page.open = await ready(`the unfolded rows of ${id}`, () => { const found = rows(); return found?.some((row) => row.many) ? null : found; });
    } else page.open = page.folded;
    answer.push(page);
  }
  return answer;
})(%s)
"""


def in_console(browser, console, trace_ids, at_once=8):
    """What the pages of traces show, by id."""
    browser.call("Emulation.setDeviceMetricsOverride", width=1600, height=2600, deviceScaleFactor=1, mobile=False)
    browser.open(f"http://{console}/trace/{trace_ids[0]}")
    pages = []
    for first in range(0, len(trace_ids), at_once):
        pages += browser.evaluate(READ_PAGES % json.dumps(trace_ids[first:first + at_once]))
    return {page["id"]: page for page in pages}
