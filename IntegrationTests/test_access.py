"""Who may do what: scopes, ends and revocations of keys, tenants, and the record of administrative acts."""

import json
import os
import re
import signal
import stat
import subprocess

import grpc
import pytest

from http_raw import PROTOBUF, get, post
from payloads import new_trace_id, traces
from programs import Collector, Sidecar, hms_ops, wait_until

EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
ALL = ("ingest", "read", "admin")


class Keys:
    """A `keys.file` that hms-ops writes, and the keys in it by name."""

    def __init__(self, directory):
        self.path = directory / "keys"
        self.directory = directory
        self.text = {}

    def create(self, name, *scopes, **options):
        words = [word for scope in scopes for word in ("--scope", scope)]
        words += [word for key, value in options.items() for word in (f"--{key}", value)]
        done = hms_ops("key", "create", name, "--file", self.path, *words, check=0)
        assert re.fullmatch(r"hms_[0-9a-f]{64}\n", done.stdout), "standard output holds the key and nothing else"
        assert done.stdout.strip() not in done.stderr and "only time" in done.stderr
        self.text[name] = done.stdout.strip()
        file = self.directory / f"{name}.key"
        file.write_text(done.stdout)
        return self.text[name]

    def file(self, name):
        return self.directory / f"{name}.key"

    def revoke(self, name):
        hms_ops("key", "revoke", name, "--file", self.path, check=0)

    def header(self, name, **more):
        given = {} if name is None else {"x-api-key": self.text.get(name, name)}
        return {**given, **{key.replace("_", "-"): value for key, value in more.items()}}


@pytest.fixture
def keys(tmp_path):
    made = Keys(tmp_path)
    for scope in ALL:
        made.create(scope, scope)
    made.create("all", *ALL)
    made.create("acme", *ALL, tenant="acme")
    made.create("beta", *ALL, tenant="beta")
    made.create("revoked", *ALL)
    made.revoke("revoked")
    made.create("ended", *ALL)
    made.path.write_text(re.sub(r"^(ended .*)$", r"\1 expires=2026-01-01T00:00:00Z", made.path.read_text(), flags=re.M))
    return made


def send(address, headers, id=None):
    body = traces(id or new_trace_id()).SerializeToString()
    return post(address, "/v1/traces", body, {**dict([PROTOBUF]), **headers})


def eventually_sent(address, headers, id):
    """A tenant's store may be being opened."""
    return wait_until(lambda: (answer := send(address, headers, id)).status != 503 and answer, what="the tenant's store")


# MARK: the file


def test_keys_are_made_listed_and_revoked(tmp_path):
    keys = Keys(tmp_path)
    keys.path.write_text("# who may come in\nold a-key-of-some-length rate=5/s\n")
    keys.path.chmod(0o644)
    key = keys.create("pay", "ingest", tenant="acme", expires="90d", rate="100", bytes="10MiB")
    text = keys.path.read_text()
    assert text.startswith("# who may come in\nold a-key-of-some-length rate=5/s\npay sha256:") and key not in text
    assert stat.S_IMODE(keys.path.stat().st_mode) == 0o640, "others can read it no longer"
    listed = json.loads(hms_ops("key", "list", "--file", keys.path, "--json", check=0).stdout)["keys"]
    assert [entry["name"] for entry in listed] == ["old", "pay"]
    assert listed[0]["scopes"] == ["ingest", "read"] and listed[0]["created"] is None
    pay = listed[1]
    assert (pay["scopes"], pay["tenant"], pay["state"]) == (["ingest"], "acme", "valid")
    assert (pay["requests_per_second"], pay["bytes_per_second"]) == (100, 10 << 20)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", pay["expires"]) and pay["expires"] > pay["created"]

    keys.revoke("pay")
    table = hms_ops("key", "list", check=64).stderr
    assert "--file" in table
    done = subprocess.run(
        [hms_ops("--version").args[0], "key", "list"], env={**os.environ, "HMS_KEYS_FILE": str(keys.path)},
        capture_output=True, text=True, timeout=20)
    assert done.returncode == 0 and re.search(r"pay +revoked +ingest +acme", done.stdout), done
    assert key not in done.stdout and "sha256" not in done.stdout
    assert keys.path.read_text().startswith(text.rstrip("\n") + " revoked=")
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["keys", "pay.key"], "nothing is left behind"


@pytest.mark.parametrize(
    "words, code, said",
    [
        (["create", "pay"], 2, "there is a key 'pay' already"),
        (["create", "gone"], 2, "which is revoked"),
        (["revoke", "gone"], 2, "was revoked at"),
        (["revoke", "nobody"], 2, "there is no key 'nobody'"),
        (["create"], 64, "needs NAME"),
        (["create", "a/b"], 64, "letters, digits"),
        (["create", "new", "--scope", "write"], 64, "expected ingest, read or admin"),
        (["create", "new", "--tenant", "../x"], 64, "a-z, 0-9"),
        (["create", "new", "--expires", "2020-01-01"], 64, "a time to come"),
        (["create", "new", "--expires", "soon"], 64, "a time to come"),
        (["create", "new", "--bytes", "lots"], 64, "a size such as 10MiB"),
    ],
)
def test_what_cannot_be_done_with_keys_is_said_and_changes_nothing(tmp_path, words, code, said):
    keys = Keys(tmp_path)
    keys.create("pay", "ingest")
    keys.create("gone", "ingest")
    keys.revoke("gone")
    before = keys.path.read_bytes()
    done = hms_ops("key", *words, "--file", keys.path, check=code)
    assert said in done.stderr and done.stdout == ""
    assert keys.path.read_bytes() == before


def test_a_new_key_file_is_its_owners_alone(tmp_path):
    keys = Keys(tmp_path)
    keys.create("pay", "ingest")
    assert stat.S_IMODE(keys.path.stat().st_mode) == 0o600
    link = tmp_path / "link"
    link.symlink_to(keys.path)
    hms_ops("key", "create", "more", "--file", link, check=0)
    assert link.is_symlink() and "more sha256:" in keys.path.read_text()


# MARK: the matrix

TRACE = "0123456789abcdef0123456789abcdef"
CONSOLE = {
    "/healthz": None, "/readyz": "read", "/metrics": "read of all", "/": "read", "/assets/console.js": "read",
    f"/trace/{TRACE}": "read", "/nothing/here": "read", f"/api/v1/traces/{TRACE}": "read", "/api/v1/services": "read",
    "/api/v1/recent": "read", "/api/v1/ledger": "read", f"/api/v1/explain/{TRACE}": "read", "/api/v1/nothing": "read",
    "/api/traces": "read", "/api/v1/admin/audit": "admin of all", "/api/v1/admin/nothing": "admin of all",
    "/api/v1/admin/erase": "admin",
}
WHO = [None, "a-key-that-nobody-knows", "revoked", "ended", "ingest", "read", "admin", "all", "acme"]


def expected(need, who):
    """401, 403 or None, which is whatever there is."""
    if need is None:
        return None
    if who in (None, "a-key-that-nobody-knows", "revoked", "ended"):
        return 401
    scope, _, whole = need.partition(" of ")
    if who == "acme":
        return 403 if whole else None
    return None if who in (scope, "all") else 403


def test_the_matrix(start, keys):
    collector = start(Collector, keys__file=keys.path)
    assert send(collector.otlp, keys.header("ingest"), bytes.fromhex(TRACE)).status == 200
    bodies = {}
    for path, need in CONSOLE.items():
        for who in WHO:
            answer = get(collector.console, path, keys.header(who))
            wanted = expected(need, who)
            if wanted is None:
                assert answer.status not in (401, 403), (path, who, answer)
            else:
                assert answer.status == wanted, (path, who, answer)
                assert answer.json["error"]["code"] == {401: "unauthenticated", 403: "forbidden"}[wanted]
                # What is said depends on the need and the key, never on what is behind the path.
                assert bodies.setdefault((need, who), answer.body) == answer.body, (path, who)
                assert TRACE not in answer.text
                if wanted == 403 and who != "acme":
                    assert f"'{need.split()[0]}'" in answer.text, "the scope that is needed is named"
    for dead in ("revoked", "ended"):
        assert bodies[("read", dead)] == bodies[("read", "a-key-that-nobody-knows")]
    # The key itself works where it may: the trace is there, and in nobody else's store.
    assert get(collector.console, f"/api/v1/traces/{TRACE}", keys.header("read")).status == 200
    assert get(collector.console, f"/api/v1/traces/{TRACE}", keys.header("acme")).status == 404


def test_the_matrix_over_http2(start, keys):
    collector = start(Collector, keys__file=keys.path)
    for path in ("/healthz", "/metrics", f"/api/v1/traces/{TRACE}", "/nothing/here", "/api/v1/admin/audit"):
        need = CONSOLE[path]
        for who in WHO:
            headers = [word for name, value in keys.header(who).items() for word in ("-H", f"{name}: {value}")]
            done = subprocess.run(
                ["curl", "-sS", "--http2-prior-knowledge", "-o", os.devnull, "-w", "%{http_code} %{http_version}",
                 *headers, f"http://{collector.console}{path}"], capture_output=True, text=True, timeout=20)
            status, version = done.stdout.split()
            assert version == "2"
            wanted = expected(need, who)
            assert (int(status) == wanted) if wanted else status not in ("401", "403"), (path, who, done)


@pytest.mark.parametrize("kind", [Collector, Sidecar])
def test_the_matrix_over_grpc_and_http(start, keys, kind):
    arguments = ["127.0.0.1:9"] if kind is Sidecar else []
    program = start(kind, *arguments, keys__file=keys.path)
    good = traces(b"\7" * 16).SerializeToString()
    with grpc.insecure_channel(program.otlp) as channel:
        call = channel.unary_unary(EXPORT)
        for who in WHO:
            wanted = expected("ingest", who)
            metadata = list(keys.header(who).items())
            if wanted is None:
                wait_until(lambda: send(program.otlp, keys.header(who)).status == 200, what=f"a door for {who}")
                assert call(good, timeout=5, metadata=metadata) == b""
                continue
            with pytest.raises(grpc.RpcError) as error:
                call(good, timeout=5, metadata=metadata)
            code = {401: grpc.StatusCode.UNAUTHENTICATED, 403: grpc.StatusCode.PERMISSION_DENIED}[wanted]
            assert error.value.code() == code, who
            assert wanted == 401 or "'ingest'" in error.value.details()
            assert send(program.otlp, keys.header(who)).status == wanted
            # Doors that are not there answer as those that are.
            assert post(program.otlp, "/v1/nothing", b"", keys.header(who)).status == wanted
    page = get(program.admin if kind is Sidecar else program.console, "/metrics", keys.header("read")).text
    name = "hms_sidecar" if kind is Sidecar else "hms_collector"
    for reason in ("missing", "unknown", "expired", "revoked", "forbidden"):
        assert re.search(rf'{name}_key_refusals_total{{reason="{reason}"}} [1-9]', page), reason
    log = "\n".join(program.lines)
    assert not any(text in log or text in page for text in keys.text.values())


def test_the_sidecars_other_doors(start, keys):
    sidecar = start(Sidecar, "127.0.0.1:9", keys__file=keys.path)
    pushed = json.dumps({"name": "queue.length", "value": 3}).encode()
    kind = {"Content-Type": "application/json"}
    for who in WHO:
        for path in ("/", "/ledger", "/metrics", "/readyz", "/explain/0123456789abcdef", "/nothing"):
            answer = get(sidecar.admin, path, keys.header(who))
            wanted = expected("read", who)
            assert (answer.status == wanted) if wanted else answer.status not in (401, 403), (path, who, answer)
        assert get(sidecar.admin, "/healthz", keys.header(who)).status == 200
        for need, answer in (
            ("read", get(sidecar.push, "/metrics", keys.header(who))),
            ("ingest", post(sidecar.push, "/metrics", pushed, {**kind, **keys.header(who)})),
        ):
            wanted = expected(need, who)
            assert (answer.status == wanted) if wanted else answer.status not in (401, 403), (need, who, answer)


def test_without_keys_everything_is_open_on_loopback(start):
    collector = start(Collector)
    id = new_trace_id()
    assert send(collector.otlp, {}, id).status == 200
    for path, status in {
        "/healthz": 200, "/readyz": 200, "/metrics": 200, "/": 200, f"/api/v1/traces/{id.hex()}": 200,
        "/api/v1/services": 200, "/api/v1/admin/audit": 200, "/api/v1/admin/nothing": 404,
    }.items():
        assert get(collector.console, path).status == status, path
    # A key that nobody asked for, or a tenant's name, changes nothing.
    assert get(collector.console, f"/api/v1/traces/{id.hex()}", {"x-api-key": "whatever"}).status == 200
    assert get(collector.console, f"/api/v1/traces/{id.hex()}", {"x-hms-tenant": "acme"}).status == 200


# MARK: while it runs


@pytest.mark.parametrize("kind", [Collector, Sidecar])
def test_keys_are_rotated_without_a_signal(start, keys, kind):
    arguments = ["127.0.0.1:9"] if kind is Sidecar else []
    program = start(kind, *arguments, keys__file=keys.path)
    assert send(program.otlp, keys.header("ingest")).status == 200
    keys.create("second", "ingest")
    wait_until(lambda: send(program.otlp, keys.header("second")).status == 200, timeout=5, what="the new key")
    assert send(program.otlp, keys.header("ingest")).status == 200, "the old one still works"
    keys.revoke("ingest")
    wait_until(lambda: send(program.otlp, keys.header("ingest")).status == 401, timeout=5, what="the revocation")
    assert send(program.otlp, keys.header("second")).status == 200
    # Nonsense changes nothing, whether found or told of by a signal.
    keys.path.write_text("nonsense\n")
    program.wait_for_line("keys_reload_failed")
    program.process.send_signal(signal.SIGHUP)
    assert send(program.otlp, keys.header("second")).status == 200


# MARK: tenants


def test_nothing_of_one_tenant_is_visible_to_another(start, keys):
    collector = start(Collector, keys__file=keys.path)
    who = ("all", "acme", "beta")
    ids = {name: new_trace_id() for name in who}
    for name in who:
        body = traces(ids[name], service=f"service-of-{name}").SerializeToString()
        headers = {**dict([PROTOBUF]), **keys.header(name)}
        wait_until(lambda: post(collector.otlp, "/v1/traces", body, headers).status == 200, what=f"the store of {name}")
    secrets = {name: (ids[name].hex(), f"service-of-{name}") for name in who}
    for name in who:
        headers = keys.header(name)
        for other in who:
            found = 200 if name == other else 404
            assert get(collector.console, f"/api/v1/traces/{ids[other].hex()}", headers).status == found, (name, other)
        for path in ("/api/v1/services", "/api/v1/recent", "/api/v1/ledger"):
            text = get(collector.console, path, headers).text
            for other in set(who) - {name}:
                assert not any(secret in text for secret in secrets[other]), (name, other, path)
        id, service = secrets[name]
        assert service in get(collector.console, "/api/v1/services", headers).text
        assert id in get(collector.console, "/api/v1/recent", headers).text
        assert get(collector.console, f"/api/v1/explain/{id}", headers).status == 200
    # What was refused of one tenant's is among that tenant's refusals alone.
    bad = traces(b"\0" * 16).SerializeToString()
    assert post(collector.otlp, "/v1/traces", bad, {**dict([PROTOBUF]), **keys.header("acme")}).status == 200
    for name, is_told in (("acme", True), ("beta", False), ("all", False)):
        assert ("bad_identity" in get(collector.console, "/api/v1/ledger", keys.header(name)).text) == is_told, name

    assert send(collector.otlp, keys.header("acme", x_hms_tenant="beta")).status == 403
    assert send(collector.otlp, keys.header("ingest", x_hms_tenant="acme")).status == 403
    assert send(collector.otlp, keys.header("acme", x_hms_tenant="acme")).status == 200
    of_acme = get(collector.console, f"/api/v1/traces/{ids['acme'].hex()}", keys.header("all", x_hms_tenant="acme"))
    assert of_acme.status == 200, "an administrator of no tenant may look into any"
    nobody = get(collector.console, "/api/v1/services", keys.header("all", x_hms_tenant="nobody"))
    assert nobody.status == 404 and not (collector_store(collector) / "tenants" / "nobody").exists()


def collector_store(collector):
    return next(
        type(collector.log_path)(word.removeprefix("store.directory=")) for word in collector.command
        if word.startswith("store.directory="))


def test_tenants_outlive_a_restart(start, keys, tmp_path):
    store = tmp_path / "store"
    collector = start(Collector, keys__file=keys.path, store__directory=store)
    id = new_trace_id()
    assert eventually_sent(collector.otlp, keys.header("acme"), id).status == 200
    assert sorted(entry.name for entry in (store / "tenants").iterdir()) == ["acme", "beta"]
    looked_at = hms_ops("store", "check", store, check=0).stdout
    for place in (store, store / "tenants" / "acme", store / "tenants" / "beta"):
        assert f"store {place}" in looked_at, looked_at
    collector.kill()
    again = start(Collector, keys__file=keys.path, store__directory=store)
    assert get(again.console, f"/api/v1/traces/{id.hex()}", keys.header("acme")).status == 200
    assert get(again.console, f"/api/v1/traces/{id.hex()}", keys.header("beta")).status == 404
    assert again.stop() == 0


def test_a_tenant_that_a_new_key_names_is_opened_while_running(start, keys):
    collector = start(Collector, keys__file=keys.path, tenants__max=3)
    collector.address("console")
    keys.create("gamma", *ALL, tenant="gamma")
    id = new_trace_id()
    wait_until(lambda: send(collector.otlp, keys.header("gamma"), id).status == 200, what="the new tenant")
    assert get(collector.console, f"/api/v1/traces/{id.hex()}", keys.header("gamma")).status == 200
    # One more than there may be is told so, and disturbs nobody.
    keys.create("delta", *ALL, tenant="delta")
    wait_until(lambda: send(collector.otlp, keys.header("delta")).status == 503, what="the tenant too many")
    refused = get(collector.console, "/api/v1/services", keys.header("delta"))
    assert refused.status == 503 and "tenants.max" in refused.json["error"]["hint"]
    assert send(collector.otlp, keys.header("gamma")).status == 200


def test_a_sidecars_key_decides_the_tenant(start, keys):
    collector = start(Collector, keys__file=keys.path)
    sidecar = start(Sidecar, collector.otlp, forward__key_file=keys.file("acme"))
    id = new_trace_id()
    assert send(sidecar.otlp, {}, id).status == 200
    path = f"/api/v1/traces/{id.hex()}"
    wait_until(lambda: get(collector.console, path, keys.header("acme")).status == 200, what="the trace")
    assert get(collector.console, path, keys.header("read")).status == 404
    show = ["trace", id.hex(), "--collector", collector.console, "--key-file"]
    hms_ops(*show, keys.file("acme"), check=0)
    hms_ops(*show, keys.file("beta"), check=1)
    assert "the scope 'read'" in hms_ops(*show, keys.file("ingest"), check=2).stderr


# MARK: the audit log


def test_administrative_acts_are_recorded(start, keys):
    collector = start(Collector, keys__file=keys.path)
    store = collector_store(collector)
    for who in (None, "ended", "read", "acme"):
        get(collector.console, "/api/v1/admin/audit", keys.header(who))
    keys.create("second", "ingest")
    collector.wait_for_line("keys_reloaded")
    keys.path.write_text(keys.path.read_text() + "nonsense\n")
    collector.wait_for_line("keys_reload_failed")

    def entries():
        return get(collector.console, "/api/v1/admin/audit", keys.header("admin")).json["entries"]

    wait_until(lambda: entries()[-1]["act"] == "keys_refused", what="the record")
    acts = [(entry["act"], entry["by"]) for entry in entries()]
    assert acts[:3] == [("tenant_opened", "system"), ("tenant_opened", "system"), ("started", "system")]
    assert acts[3:] == [
        ("act_refused", "nobody"), ("act_refused", "key ended"), ("act_refused", "key read"), ("act_refused", "key acme"),
        ("keys_changed", "system"), ("keys_refused", "system"),
    ]
    assert entries()[7]["added"] == "second" and ":10:" in entries()[8]["reason"]
    assert [entry["seq"] for entry in entries()] == list(range(1, 10))
    assert len(get(collector.console, "/api/v1/admin/audit?limit=2", keys.header("admin")).json["entries"]) == 2
    for limit in ("0", "x", "10001"):
        assert get(collector.console, f"/api/v1/admin/audit?limit={limit}", keys.header("admin")).status == 400
    assert post(collector.console, "/api/v1/admin/audit", b"", keys.header("admin")).status == 405

    asked = hms_ops("audit", "--collector", collector.console, "--key-file", keys.file("admin"), check=0).stdout
    assert [json.loads(line) for line in asked.splitlines()] == entries()
    file = store / "audit.log"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert asked == file.read_text() == hms_ops("audit", "--store", store, check=0).stdout
    assert not any(text in asked for text in keys.text.values())

    assert collector.stop() == 0
    told = [line for line in collector.lines if "audit_head" in line][-1]
    done = hms_ops("audit", "--verify", "--store", store, check=0)
    assert done.stdout.startswith("10 entries") and re.search(r"[0-9a-f]{64}", done.stdout)[0] in told
    file.write_text(file.read_text().replace("key ended", "key other"))
    broken = hms_ops("audit", "--verify", "--store", store, check=1)
    assert "audit.log:6" in broken.stdout and "was changed" in broken.stdout


def test_tries_do_not_fill_the_disk(start, keys):
    collector = start(Collector, keys__file=keys.path)
    for _ in range(300):
        get(collector.console, "/api/v1/admin/audit")
    text = (collector_store(collector) / "audit.log").read_text()
    assert 10 <= text.count("act_refused") < 60
