"""Reads what `NAME.golden` says assembly makes of `NAME.trace`. `Tests/TraceAssemblyTests/Golden/README.md` has the format."""

import dataclasses
import re

import golden

PART = re.compile(r'(?:"(?:[^"\\]|\\.)*"|[^"])*?(?: \| |$)')
WORD = re.compile(r'"(?:[^"\\]|\\.)*"|\S+')
COUNTS = re.compile(r"([a-z]+) (\d+)")
SERVICE = re.compile(r'("(?:[^"\\]|\\.)*"|\S+) (\d+)/(\d+)(?:, |$)')
CLOCK = re.compile(r"clock (.*) - (.*): (\S+) to (\S+), middle (\S+), pairs (\d+)")
FOLD = re.compile(r"fold (\d+) siblings (\d+) nodes (\S+) errors (\d+)")
# Stretches of the path that the API gives for one row; those with the smallest gaps are joined first.
MOST_STRETCHES = 16


@dataclasses.dataclass
class ExpectedRow:
    index: int
    depth: int
    span_id: str
    service: str = ""
    name: str = ""
    kind: str = "unspecified"
    is_missing: bool = False
    offset: int = 0
    duration: int = 0
    self_time: int = 0
    critical: int = 0
    step: int = 0
    path: list = dataclasses.field(default_factory=list)  # of [offset, duration]
    is_error: bool = False
    is_origin: bool = False
    fold: dict | None = None
    shift: int = 0
    links: int = 0
    variants: list = dataclasses.field(default_factory=list)
    copies: int = 1
    oddities: list = dataclasses.field(default_factory=list)
    parent: int | None = None
    child_count: int = 0
    subtree_count: int = 1

    @property
    def joined_path(self):
        """The stretches as rows of the API give them."""
        path = [list(stretch) for stretch in self.path]
        while len(path) > MOST_STRETCHES:
            gaps = [path[place][0] - sum(path[place - 1]) for place in range(1, len(path))]
            # Of equal gaps those further on are joined first.
            place = max(place for place, gap in enumerate(gaps) if gap == min(gaps))
            path[place][1] = sum(path[place + 1]) - path[place][0]
            del path[place + 1]
        return path


@dataclasses.dataclass
class ExpectedTrace:
    duration: int
    critical: int
    uncovered: int
    counts: dict
    root: tuple | None  # id, service, name
    services: list  # of (name, spans, errors)
    clocks: dict  # host: (reference, low, high, middle, pairs)
    rows: list


def parse(text):
    head, _, tree = text.partition("\n\n")
    first, counts, root, services, *clocks = head.split("\n")
    figures = re.fullmatch(r"trace (\S+), critical (\S+), uncovered (\S+)", first)
    words = [_text(word) for word in WORD.findall(root)]
    expected = ExpectedTrace(
        *map(_time, figures.groups()),
        counts={name: int(number) for name, number in COUNTS.findall(counts)},
        root=None if words == ["root", "none"] else (_span_id(words[1]), words[2], words[3]),
        services=[(_text(name), int(spans), int(errors)) for name, spans, errors in SERVICE.findall(services[len("services "):])],
        clocks={},
        rows=[_row(index, line) for index, line in enumerate(tree.rstrip("\n").split("\n"))],
    )
    for line in clocks:
        host, reference, low, high, middle, pairs = CLOCK.fullmatch(line).groups()
        expected.clocks[_text(host)] = (_text(reference), _time(low), _time(high), _time(middle), int(pairs))
    _link(expected.rows)
    return expected


def _row(index, line):
    depth = (len(line) - len(line.lstrip(" "))) // 2
    span_id, what, when, own, critical, *more = _parts(line.lstrip(" "))
    row = ExpectedRow(index, depth, _span_id(span_id))
    if what == "(missing)":
        row.is_missing = True
    else:
        row.service, row.name, row.kind = (_text(word) for word in WORD.findall(what))
    row.offset, row.duration = map(_time, re.fullmatch(r"at (\S+) for (\S+)", when).groups())
    row.self_time = _time(own.removeprefix("self "))
    time, step = re.fullmatch(r"critical (\S+) step (\d)", critical).groups()
    row.critical, row.step = _time(time), int(step)
    for part in more:
        _more(row, part)
    return row


def _more(row, part):
    words = WORD.findall(part)
    if words[0] == "path":
        stretches = [word.split("..") for word in words[1:]]
        row.path = [[_time(start), _time(end) - _time(start)] for start, end in stretches]
    elif part in ("error", "origin"):
        row.is_error, row.is_origin = True, part == "origin"
    elif part == "async":
        pass  # nothing outside shows it but for what the correction of clocks does not move
    elif words[0] == "fold":
        siblings, nodes, duration, errors = FOLD.fullmatch(part).groups()
        row.fold = {"siblings": int(siblings), "nodes": int(nodes), "durationNs": _time(duration), "errors": int(errors)}
    elif words[0] == "shift":
        row.shift = _time(words[1])
    elif words[:2] == ["links", "to"]:
        row.links = len(words) - 2
    elif words[:2] == ["linked", "from"]:
        pass
    elif words[0] == "variants":
        row.variants = [_text(word) for word in words[1:]]
    elif words[0] == "copies":
        row.copies = int(words[1])
    else:
        row.oddities = words


def _link(rows):
    """Parents, children and subtrees, from the depths."""
    above = []
    for row in rows:
        del above[row.depth:]
        assert len(above) == row.depth, f"{row.span_id} is indented too far"
        for other in above:
            other.subtree_count += 1
        if above:
            row.parent = above[-1].index
            above[-1].child_count += 1
        above.append(row)


def _parts(line):
    parts, place = [], 0
    while place < len(line):
        found = PART.match(line, place)
        parts.append(found[0].removesuffix(" | "))
        place = found.end()
    return parts


def _text(word):
    return golden._unescaped(word[1:-1]) if word.startswith('"') else word


def _span_id(digits):
    return digits.rjust(16, "0")


def _time(text):
    return golden._duration("0ns" if text == "0" else text)
