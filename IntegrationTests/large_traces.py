"""Traces of a million spans, their bytes made by hand: what a generated encoder needs a minute for is sent in a few seconds.

A busy trace is a nightly run: shards, chunks and orders below them, each order some forty calls through eleven services, with runs
of alike siblings and errors that go up. A wide one has all its spans below one node, a deep one each below the one before."""

import http.client
import random
import struct
import time

from http_raw import split
from payloads import field, varint

MS = 1_000_000
BATCH = 2_000  # spans of a request
NEEDLES = 3  # spans named as nothing else is
NEEDLE = "reconcile-the-lost-order"


# ---------- Protobuf ----------


def attribute(key, value):
    value = varint(3 << 3) + varint(value) if isinstance(value, int) else field(1, value.encode())
    return field(1, key.encode()) + field(2, value)


class Shape:
    """One span but for its ids and times: everything that is the same each time it is sent."""

    def __init__(self, service, name, kind, parent=None, start=0, end=0, error=None, attributes=()):
        self.service, self.parent, self.start, self.end = service, parent, start, end
        self.rest = field(5, name.encode()) + varint(6 << 3) + varint(kind)
        self.rest += b"".join(field(9, attribute(key, value)) for key, value in attributes)
        if error:
            self.rest += field(15, field(2, error.encode()) + varint(3 << 3) + varint(2))


# ---------- Sending ----------


class Sender:
    """Takes spans one by one and sends them in requests of `BATCH`, those of a service together."""

    def __init__(self, address, trace):
        self.trace, self.sent, self.waiting, self.resources = trace, 0, {}, {}
        self.connection = http.client.HTTPConnection(*split(address), timeout=120)

    def span(self, shape, parent, start, end):
        """Gives the number that is the span's id. `parent` is such a number, or None."""
        self.sent += 1
        above = b"" if parent is None else struct.pack(">2sQ", b"\x22\x08", parent)
        content = b"".join((
            struct.pack(">2s16s2sQ", b"\x0a\x10", self.trace, b"\x12\x08", self.sent), above, shape.rest,
            struct.pack("<BQBQ", 0x39, start, 0x41, end)))
        self.waiting.setdefault(shape.service, []).append(b"\x12" + varint(len(content)) + content)
        if self.sent % BATCH == 0:
            self.flush()
        return self.sent

    def flush(self):
        if not self.waiting:
            return
        body = b"".join(field(1, self.resource(service) + field(2, b"".join(spans))) for service, spans in self.waiting.items())
        self.waiting = {}
        self.connection.request("POST", "/v1/traces", body, {"content-type": "application/x-protobuf"})
        answer = self.connection.getresponse()
        told = answer.read()
        assert answer.status == 200, f"spans were answered {answer.status}: {told[:300]!r}"

    def resource(self, service):
        if service not in self.resources:
            said = [("service.name", service), ("host.name", f"node-{len(self.resources) % 7}"), ("service.version", "4.2.1")]
            self.resources[service] = field(1, b"".join(field(1, attribute(*each)) for each in said))
        return self.resources[service]


# ---------- A busy trace ----------


class Order:
    """The calls of one order: their shapes, with times from its start, parents before children."""

    def __init__(self, chance, slow=False, fails=False):
        self.shapes = []
        self.pace = chance.uniform(0.7, 1.4)
        add = self.add
        top = add(None, "orders", "process order", 5, 0, 95, "the payment was declined" if fails else None)
        accept = add(top, "orders", "POST /orders/{id}/accept", 3, 1, 9)
        add(accept, "identity", "GET /session", 2, 2, 5, None, ("http.response.status_code", 200))
        rules = add(top, "rules", "evaluate", 2, 10, 34)
        for each in range(12):
            add(rules, "rules-db", "SELECT rule", 3, 11 + each * 1.8, 12.5 + each * 1.8, None, ("db.rows", each))
        stock = add(top, "stock", "reserve", 2, 35, 52)
        for each in range(3):
            at = 36 + each * 5
            call = add(stock, "warehouse", f"GET /warehouse/{each}", 2, at, at + 4, None, ("net.peer.name", f"wh-{each}"))
            add(call, "cache", "GET", 3, at + 0.2, at + 0.9)
            add(call, "warehouse-db", "SELECT item", 3, at + 1, at + 3.5)
        late = 14 if slow else 0
        pay = add(top, "payments", "POST /payments", 2, 53, 74 + late, "declined" if fails else None,
                  ("hms.a2a.envelope_id", f"env-{chance.randrange(10_000)}"))
        add(pay, "fraud", "score", 2, 54, 60)
        charge = add(pay, "payments", "charge the card", 3, 61, 73 + late, "do not honour" if fails else None)
        add(charge, "bank", "POST /v2/charges", 2, 62, 72 + late, "card refused" if fails else None,
            ("http.response.status_code", 402 if fails else 200))
        for each in range(2):
            send = add(top, "events", "publish order.done", 4, 89 + each * 2, 90 + each * 2)
            add(send, "notify", "order.done process", 5, 89.5 + each * 2, 91 + each * 2 + chance.uniform(0, 6))

    def add(self, parent, service, name, kind, start, end, error=None, *attributes):
        times = [round(at * self.pace * MS) for at in (start, end)]
        common = [("app.version", "4.2.1"), ("thread.name", "worker-7")]
        self.shapes.append(Shape(service, name, kind, parent, *times, error, [*common, *attributes]))
        return len(self.shapes) - 1


ORDERS, CHUNKS, AT_ONCE = 25, 40, 4  # orders of a chunk, chunks of a shard, shards and chunks that run at the same time
CHUNK_NS = 25 * 150 * MS


def send_busy(address, trace, count):
    chance = random.Random(7)
    orders = [Order(chance, slow=each % 16 == 5, fails=each % 25 == 3) for each in range(50)]
    width = len(orders[0].shapes)
    run, shard, chunk, cursor, lost = (Shape(service, name, kind) for service, name, kind in (
        ("scheduler", "nightly run", 2), ("scheduler", "process shard", 1), ("orders", "process chunk", 2), ("orders", "read cursor", 3),
        ("orders", NEEDLE, 1)))
    shard_ns = CHUNKS // AT_ONCE * CHUNK_NS
    shards = max(1, round(count / (CHUNKS * ORDERS * width)))
    length = -(-shards // AT_ONCE) * shard_ns
    began = time.time_ns() - length - 5_000 * MS
    sender = Sender(address, trace)
    root = sender.span(run, None, began, began + length)
    needles = [count * (2 * each + 1) // (2 * NEEDLES) for each in range(NEEDLES)]
    places = ((s, c) for s in range(shards + 1) for c in range(CHUNKS))
    for number, place in places:
        if count - sender.sent < width + 3:
            break
        at_shard = began + min(number, shards - 1) // AT_ONCE * shard_ns
        at = at_shard + place // AT_ONCE * CHUNK_NS
        if place == 0:
            above = sender.span(shard, root, at_shard, at_shard + shard_ns)
        group = sender.span(chunk, above, at, at + CHUNK_NS)
        for _ in range(ORDERS):
            if count - sender.sent < width + 1:
                break
            order = orders[chance.randrange(len(orders))]
            ids = []
            for shape in order.shapes:
                parent = group if shape.parent is None else ids[shape.parent]
                ids.append(sender.span(shape, parent, at + shape.start, at + shape.end))
            at = at + order.shapes[0].end
            if needles and sender.sent > needles[0]:
                needles.pop(0)
                sender.span(lost, group, at, at + MS)
    while sender.sent < count:
        sender.span(cursor, root, began, began + MS)
    sender.flush()


# ---------- Traces that nobody wishes for ----------


def send_wide(address, trace, count):
    """All spans but one are children of that one. Names change every thousand, so that runs fold."""
    sender = Sender(address, trace)
    began = time.time_ns() - 120_000 * MS
    kinds = [Shape("ingest", f"store part {each}", 3, attributes=[("part.kind", each), ("thread.name", "worker-7")]) for each in range(20)]
    root = sender.span(Shape("ingest", "store all parts", 2), None, began, began + 100_000 * MS)
    for each in range(count - 1):
        at = began + each * 100_000 * MS // count
        sender.span(kinds[each // 1_000 % len(kinds)] if each % 3_000 < 2_000 else kinds[each % len(kinds)], root, at, at + MS)
    sender.flush()


def send_deep(address, trace, count):
    """Each span is the only child of the one before."""
    sender = Sender(address, trace)
    began = time.time_ns() - 120_000 * MS
    kinds = [Shape(f"hop-{each}", "forward", 2 + each % 2, attributes=[("hop.kind", each)]) for each in range(10)]
    parent = None
    for each in range(count):
        parent = sender.span(kinds[each % 10], parent, began + each * 200, began + 100_000 * MS - each * 200)
    sender.flush()
