"""Erasing by query and pinning, with the real programs: what is erased is in no file afterwards."""

import json
import re
import stat

import pytest

from http_raw import PROTOBUF, get, post
from payloads import new_trace_id, traces
from programs import NOBODY, Collector, hms_ops, wait_until

JSON = {"content-type": "application/json"}
SECRET = "zaphod-beeblebrox-4711"


def send(collector, id, **attributes):
    body = traces(id, spans=3, attributes=attributes).SerializeToString()
    assert post(collector.otlp, "/v1/traces", body, dict([PROTOBUF])).status == 200


def erase(collector, headers=JSON, **order):
    answer = post(collector.console, "/api/v1/admin/erase", json.dumps(order).encode(), headers)
    assert answer.status == 202, answer
    path = f"/api/v1/admin/erase/{answer.json['id']}"
    return wait_until(
        lambda: (receipt := get(collector.console, path).json)["state"] != "running" and receipt, what="the receipt")


def contents(store):
    """Everything in the store's files: raw, and with frames unpacked."""
    yield "dump", hms_ops("store", "dump", store, "--json", check=0).stdout.encode()
    for file in store.rglob("*"):
        if file.is_file() and file.name not in ("audit.log",) and file.parent.name != "receipts":
            yield str(file), file.read_bytes()


def test_what_is_erased_is_in_no_file_and_everything_else_is(start, tmp_path):
    collector = start(Collector, directory="one")
    store = tmp_path / "one" / "store"
    ids = [new_trace_id() for _ in range(20)]
    for number, id in enumerate(ids):
        send(collector, id, **{"case": "gone" if number % 4 == 0 else "stays", "who": SECRET if number % 4 == 0 else "x"})
    tried = erase(collector, query='case = "gone"', dryRun=True)
    assert (tried["state"], tried["traces"], tried["spans"]) == ("done", 5, 15)
    assert "verified" not in tried
    receipt = erase(collector, query='case = "gone"')
    assert (receipt["state"], receipt["traces"], receipt["spans"], receipt["verified"]) == ("done", 5, 15, True)
    assert receipt["traceIdsSHA256"] == tried["traceIdsSHA256"]
    for number, id in enumerate(ids):
        status = get(collector.console, f"/api/v1/traces/{id.hex()}").status
        assert status == (404 if number % 4 == 0 else 200)
    recent = get(collector.console, "/api/v1/recent").text
    assert not any(id.hex() in recent for id in ids[::4])
    # There is no sidecar to ask, which is told besides.
    told = hms_ops("ledger", "--sidecar", NOBODY, "--collector", collector.console, check=2).stdout
    assert re.search(r"traces +60 +60 +0 +0 +45 +15 +0 +0\n", told), told
    file = store / "receipts" / f"{receipt['id']}.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert collector.stop() == 0
    hms_ops("store", "check", store, check=0)
    for name, content in contents(store):
        assert SECRET.encode() not in content, name
        assert not any(id in content or id.hex().encode() in content for id in ids[::4]), name
    acts = [json.loads(line)["act"] for line in (store / "audit.log").read_text().splitlines()]
    assert [act for act in acts if act.startswith("erase")] == ["erase_tried", "erase_counted", "erase_begun", "erased"]

    again = start(Collector, directory="one")
    assert get(again.console, f"/api/v1/admin/erase/{receipt['id']}").json == receipt
    for number, id in enumerate(ids):
        assert get(again.console, f"/api/v1/traces/{id.hex()}").status == (404 if number % 4 == 0 else 200)


def test_the_command_asks_counts_and_prints_the_receipt(start):
    collector = start(Collector)
    id, other = new_trace_id(), new_trace_id()
    send(collector, id, user="42")
    send(collector, other, user="43")
    words = ("erase", 'user = "42"', "--collector", collector.console)
    refused = hms_ops(*words, check=64)
    assert "--yes" in refused.stderr and get(collector.console, f"/api/v1/traces/{id.hex()}").status == 200
    assert json.loads(hms_ops(*words, "--dry-run", check=0).stdout)["traces"] == 1
    assert get(collector.console, f"/api/v1/traces/{id.hex()}").status == 200
    receipt = json.loads(hms_ops(*words, "--yes", check=0).stdout)
    assert receipt["verified"] is True and receipt["spans"] == 3
    assert get(collector.console, f"/api/v1/traces/{id.hex()}").status == 404
    assert get(collector.console, f"/api/v1/traces/{other.hex()}").status == 200


@pytest.mark.parametrize(
    "body, headers, status",
    [
        (b'{"query": "a = 1"}', {"content-type": "text/plain"}, 415),
        (b'{"query": "a = 1"}', {}, 415),
        (b'{"query": "a ="}', JSON, 400),
        (b'{"query": "a = 1", "dryrun": true}', JSON, 400),
        (b"{}", JSON, 400),
    ],
)
def test_orders_that_are_not_wholly_understood_are_refused(start, body, headers, status):
    collector = start(Collector)
    assert post(collector.console, "/api/v1/admin/erase", body, headers).status == status
    assert get(collector.console, "/api/v1/admin/erase").status == 405
    assert get(collector.console, "/api/v1/admin/erase/" + "0" * 32).status == 404


def test_pins_are_made_listed_and_taken_away(start):
    collector = start(Collector)
    id = new_trace_id().hex()
    where = ("--collector", collector.console)
    hms_ops("pin", id, "--for", "30d", "--note", "ticket 17", *where, check=0)
    (pin,) = get(collector.console, "/api/v1/admin/pins").json["pins"]
    assert (pin["trace"], pin["note"], pin["by"]) == (id, "ticket 17", "local")
    assert id in hms_ops("pin", *where, check=0).stdout
    hms_ops("pin", id, "--remove", *where, check=0)
    assert get(collector.console, "/api/v1/admin/pins").json["pins"] == []
