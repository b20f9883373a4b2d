"""The golden traces of TraceAssembly as OTLP requests, so that they can be sent to a collector and looked at from outside.

The files are those that `Tests/TraceTesting/TraceFile.swift` reads; `Tests/TraceAssemblyTests/Golden/README.md` has the grammar.

    for trace in golden.all_traces():
        post(trace.request().SerializeToString())
        ... trace.trace_id.hex(), trace.expected ...
"""

import dataclasses
import hashlib
import pathlib
import re

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

DIRECTORY = pathlib.Path(__file__).resolve().parent.parent / "Tests" / "TraceAssemblyTests" / "Golden"
KINDS = {
    "unspecified": Span.SPAN_KIND_UNSPECIFIED,
    "internal": Span.SPAN_KIND_INTERNAL,
    "server": Span.SPAN_KIND_SERVER,
    "client": Span.SPAN_KIND_CLIENT,
    "producer": Span.SPAN_KIND_PRODUCER,
    "consumer": Span.SPAN_KIND_CONSUMER,
}
UNITS = {"ns": 1, "us": 1_000, "ms": 1_000_000, "": 1_000_000, "s": 1_000_000_000, "d": 86_400_000_000_000}
WORD = re.compile(
    r'"(?P<quoted>(?:[^"\\]|\\.)*)"'  # a quoted text
    r'|(?P<key>[^\s="][^\s=]*)="(?P<value>(?:[^"\\]|\\.)*)"'  # key="quoted"
    r"|(?P<plain>\S+)"
)
ESCAPE = re.compile(r'\\(?:u\{([0-9A-Fa-f]+)\}|(["\\nt]))')
LARGEST = (1 << 64) - 1


@dataclasses.dataclass
class GoldenSpan:
    """One span as the file gives it, times in Unix nanoseconds."""

    span_id: int
    parent_id: int | None
    start: int
    end: int
    kind: str
    service: str
    name: str
    host: str | None = None
    status: int = Status.STATUS_CODE_UNSET
    message: str = ""
    attributes: list = dataclasses.field(default_factory=list)
    events: list = dataclasses.field(default_factory=list)
    links: list = dataclasses.field(default_factory=list)
    copies: int = 1


@dataclasses.dataclass
class GoldenTrace:
    name: str
    trace_id: bytes
    spans: list  # of GoldenSpan; copies included

    @property
    def expected(self):
        """What assembly must make of it, as text."""
        return (DIRECTORY / f"{self.name}.golden").read_text()

    def request(self, shift=0):
        """One OTLP request with all spans in the order of the file, those of one service and host together.

        `shift` is added to all times that the file counts from its base, so that a trace can be of today.
        """
        request = ExportTraceServiceRequest()
        groups = {}
        for entry in self.spans:
            place = (entry.service, entry.host)
            if place not in groups:
                group = request.resource_spans.add()
                _attribute(group.resource.attributes, "service.name", entry.service)
                if entry.host is not None:
                    _attribute(group.resource.attributes, "host.name", entry.host)
                groups[place] = group.scope_spans.add()
            self._fill(groups[place].spans.add(), entry, shift)
        return request

    def _fill(self, span, entry, shift):
        span.trace_id = self.trace_id
        span.span_id = entry.span_id.to_bytes(8, "big")
        if entry.parent_id is not None:
            span.parent_span_id = entry.parent_id.to_bytes(8, "big")
        span.name = entry.name
        span.kind = KINDS[entry.kind]
        span.start_time_unix_nano = entry.start.moved(shift)
        span.end_time_unix_nano = entry.end.moved(shift)
        if entry.status != Status.STATUS_CODE_UNSET:
            span.status.code = entry.status
            span.status.message = entry.message
        for key, value in entry.attributes:
            _attribute(span.attributes, key, value)
        for time, name in entry.events:
            event = span.events.add()
            event.time_unix_nano = time.moved(shift)
            event.name = name
        for trace_id, span_id in entry.links:
            link = span.links.add()
            link.trace_id = self.trace_id if trace_id is None else trace_id
            link.span_id = span_id.to_bytes(8, "big")


class Moment(int):
    """Unix nanoseconds; `is_fixed` when the file gives them as they are, not counted from its base."""

    is_fixed = False

    def moved(self, shift):
        return int(self) if self.is_fixed else (int(self) + shift) & LARGEST


def _moment(value, is_fixed=False):
    moment = Moment(value & LARGEST)
    moment.is_fixed = is_fixed
    return moment


def all_traces():
    """Every golden trace, by name."""
    return [read(path) for path in sorted(DIRECTORY.glob("*.trace"))]


def read(path):
    path = pathlib.Path(path)
    return parse(path.read_text(encoding="utf-8"), path.stem)


def parse(text, name=""):
    reader = _Reader()
    for number, line in enumerate(text.split("\n"), 1):
        try:
            reader.line(line)
        except (ValueError, KeyError, IndexError) as problem:
            raise ValueError(f"{name}:{number}: {line!r}: {problem}") from problem
    # Every trace has an id of its own in one store, also where its file names none.
    trace_id = reader.trace_id or hashlib.sha256(name.encode()).digest()[:16]
    return GoldenTrace(name, trace_id, reader.spans)


class _Reader:
    def __init__(self):
        self.trace_id = None
        self.base = 1_700_000_000_000_000_000
        self.spans = []
        self.pattern = None

    def line(self, line):
        words = _words(line)
        if not words:
            return
        first = words[0][0]
        if first == "trace":
            self.trace_id = _trace_id(words[1][0])
        elif first == "base":
            self.base = int(words[1][0])
        elif first in ("repeat", "chain"):
            self.pattern = (first, int(words[1][0]), _duration(words[3][0]))
        else:
            self._append(self._span(words))
            self.pattern = None

    def _append(self, span):
        kind, count, step = self.pattern or ("repeat", 1, 0)
        for number in range(count):
            moved = step * number
            copy = dataclasses.replace(span, span_id=span.span_id + number)
            copy.start = _moment(span.start + moved, span.start.is_fixed)
            copy.end = _moment(span.end + (moved if kind == "repeat" else -moved), span.end.is_fixed)
            if kind == "chain" and number:
                copy.parent_id = copy.span_id - 1
            self.spans += [copy] * span.copies

    def _span(self, words):
        texts = [text if value is None else f"{text}={value}" for text, value, _ in words[:6]]
        start, end = self._times(texts[2])
        span = GoldenSpan(
            span_id=_span_id(texts[0]),
            parent_id=None if texts[1] == "-" else _span_id(texts[1]),
            start=start,
            end=end,
            kind=texts[3],
            service=texts[4],
            name=texts[5],
        )
        for text, value, is_quoted in words[6:]:
            self._apply(span, text, value, is_quoted)
        return span

    def _apply(self, span, text, value, is_quoted):
        if value is None:
            if text.startswith("@"):
                span.host = text[1:]
            elif text == "error":
                span.status = Status.STATUS_CODE_ERROR
            elif text == "ok":
                span.status = Status.STATUS_CODE_OK
            elif re.fullmatch(r"x[1-9][0-9]*", text):
                span.copies = int(text[1:])
            else:
                raise ValueError(f"'{text}' is not @host, error, ok, xN or key=value")
        elif text == "error":
            span.status, span.message = Status.STATUS_CODE_ERROR, value
        elif text == "link":
            target, _, span_id = value.rpartition("/")
            span.links.append((_trace_id(target) if target else None, _span_id(span_id)))
        elif text.startswith("event@"):
            span.events.append((self._time(text[6:]), value))
        elif not is_quoted and re.fullmatch(r"-?[0-9]+", value):
            span.attributes.append((text, int(value)))
        else:
            span.attributes.append((text, value))

    def _times(self, text):
        if ".." in text:
            start, end = text.split("..")
            return self._time(start), self._time(end)
        start, length = text.split("+")
        begin = self._time(start)
        return begin, _moment(begin + _duration(length), begin.is_fixed)

    def _time(self, text):
        if text == "=max":
            return _moment(LARGEST, True)
        if text.startswith("="):
            return _moment(int(text[1:]), True)
        return _moment(self.base + _duration(text))


def _words(line):
    """The words of a line: (text, value or None, whether quoted)."""
    words = []
    place = 0
    while True:
        while place < len(line) and line[place] == " ":
            place += 1
        if place == len(line) or line[place] == "#":
            return words
        found = WORD.match(line, place)
        if found is None:
            raise ValueError("cannot be read")
        place = found.end()
        if found["quoted"] is not None:
            words.append((_unescaped(found["quoted"]), None, True))
        elif found["key"] is not None:
            words.append((found["key"], _unescaped(found["value"]), True))
        else:
            # A '=' in front belongs to the word: =5..=max.
            text, equals, value = found["plain"][1:].partition("=")
            words.append((found["plain"][0] + text, value if equals else None, False))


def _unescaped(text):
    plain = {"n": "\n", "t": "\t", '"': '"', "\\": "\\"}
    return ESCAPE.sub(lambda found: chr(int(found[1], 16)) if found[1] else plain[found[2]], text)


def _duration(text):
    found = re.fullmatch(r"(-?[0-9]+)(ns|us|ms|s|d|)", text)
    if found is None:
        raise ValueError(f"'{text}' is not a time such as 10, 250us or -5s")
    return int(found[1]) * UNITS[found[2]]


def _span_id(text):
    if not re.fullmatch(r"[0-9a-fA-F]{1,16}", text):
        raise ValueError(f"'{text}' is not a span id of up to 16 hexadecimal digits")
    return int(text, 16)


def _trace_id(text):
    if not re.fullmatch(r"[0-9a-fA-F]{1,32}", text):
        raise ValueError(f"'{text}' is not a trace id of up to 32 hexadecimal digits")
    return int(text, 16).to_bytes(16, "big")


def _attribute(attributes, key, value):
    attribute = attributes.add()
    attribute.key = key
    if isinstance(value, int):
        attribute.value.int_value = value
    else:
        attribute.value.string_value = value
