"""The command line as a person or a script uses it."""

import fcntl
import json
import os
import pathlib
import pty
import re
import shutil
import signal
import socket
import struct
import subprocess
import termios

import pytest

from http_raw import get, post
from payloads import new_trace_id, traces
from programs import RELEASE, Collector, hms_ops, wait_until

ANYWHERE = [
    word for option in ("collector-console", "collector-otlp", "sidecar-otlp", "sidecar-udp", "sidecar-statsd", "sidecar-push", "sidecar-admin")
    for word in (f"--{option}", "127.0.0.1:0")
]


@pytest.mark.parametrize("command", [[], ["up"], ["trace"], ["load"], ["check"], ["ledger"], ["explain"], ["key"], ["audit"], ["store"], ["search"], ["export"], ["import"], ["backup"], ["restore"], ["tail"], ["graph"], ["compare"], ["erase"], ["pin"], ["services"], ["open"], ["man"], ["completions"]])
def test_help_is_there_on_every_level(command):
    done = hms_ops(*command, "--help", check=0)
    assert done.stdout.count("\n") > 5 and "Usage: hms-ops" in done.stdout and "\x1b" not in done.stdout


def test_versions():
    for program in ("hms-ops", "hms-sidecar", "hms-collector"):
        done = subprocess.run([RELEASE / program, "--version"], capture_output=True, text=True, timeout=10)
        assert done.returncode == 0 and re.match(rf"{program} \d+\.\d+\.\d+", done.stdout), done


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["trace", "--help"], ["completions", "bash"]])
def test_what_cannot_be_written_is_no_success(words):
    with open("/dev/full", "wb") as full:
        done = subprocess.run([RELEASE / "hms-ops", *words], stdout=full, stderr=subprocess.PIPE, text=True, timeout=10)
    assert done.returncode == 2 and "cannot write standard output: No space left on device" in done.stderr


@pytest.mark.parametrize(
    "command, words",
    [(["tarce"], "did you mean 'trace'?"), (["load", "--mod", "udp"], "did you mean '--mode'?"),
     (["load", "--mode", "tcp"], "expected grpc, http2, http1 or udp"), (["trace"], "'trace' needs ID"),
     (["trace", "xyz"], "expected 32 hexadecimal digits")],
)
def test_wrong_usage(command, words):
    done = hms_ops(*command, check=64)
    assert words in done.stderr and done.stdout == ""


def test_trace(system):
    trace_id = new_trace_id()
    request = traces(trace_id, 3, name="GET /ünïcödé \x1b[31m", service="orders")
    assert post(system.collector.otlp, "/v1/traces", request.SerializeToString()).status == 200
    done = hms_ops("trace", trace_id.hex(), "--collector", system.collector.console, check=0)
    assert "GET /ünïcödé" in done.stdout and "step 2" in done.stdout and "orders" in done.stdout
    assert "\x1b" not in done.stdout, "neither colours into a pipe nor escape sequences from names"
    as_json = hms_ops("trace", trace_id.hex(), "--json", "--collector", system.collector.console, check=0)
    assert json.loads(as_json.stdout) == get(system.collector.console, f"/api/v1/traces/{trace_id.hex()}").json
    from_header = hms_ops("trace", f"00-{trace_id.hex()}-{'1' * 16}-01", "--collector", system.collector.console, check=0)
    assert from_header.stdout == done.stdout


def test_trace_as_otlp_and_as_a_page(system, tmp_path):
    trace_id = new_trace_id()
    request = traces(trace_id, 3, name="<script>alert(1)</script>", service="orders")
    assert post(system.collector.otlp, "/v1/traces", request.SerializeToString()).status == 200
    show = ["trace", trace_id.hex(), "--collector", system.collector.console]
    otlp = json.loads(hms_ops(*show, "--otlp", check=0).stdout)
    spans = [span for resource in otlp["resourceSpans"] for scope in resource["scopeSpans"] for span in scope["spans"]]
    assert [span["traceId"] for span in spans] == [trace_id.hex()] * 3
    page = tmp_path / "incident.html"
    done = hms_ops(*show, "--html", page, check=0)
    assert done.stdout == "" and str(page) in done.stderr
    text = page.read_text()
    assert "&lt;script&gt;alert(1)" in text and "<script" not in text and "default-src &#39;none&#39;" in text
    assert hms_ops(*show, "--html", "-", check=0).stdout.startswith("<!doctype html>")
    assert "--force" in hms_ops(*show, "--html", page, check=2).stderr
    assert "cannot be given together" in hms_ops(*show, "--json", "--otlp", check=64).stderr


def test_services(system):
    request = traces(new_trace_id(), 3, service="billing")
    assert post(system.collector.otlp, "/v1/traces", request.SerializeToString()).status == 200
    table = hms_ops("services", "--collector", system.collector.console, check=0).stdout
    head, *rows = [line.split() for line in table.splitlines()]
    assert head == ["service", "rate", "errors", "p50", "p95", "p99"] and "billing" in [row[0] for row in rows]
    operations = hms_ops("services", "--operations", "billing", "--collector", system.collector.console, check=0).stdout
    assert operations.splitlines()[0].split()[:3] == ["operation", "kind", "rate"]
    hms_ops("services", "--operations", "nobody", "--collector", system.collector.console, check=1)


def test_open_prints_an_address_that_answers(system):
    address = hms_ops("open", "services", "--print", "--collector", system.collector.console, check=0).stdout.strip()
    assert address == f"http://{system.collector.console}/services"
    assert get(system.collector.console, "/services").status == 200


def on_a_terminal(*arguments, rows=10, **environment):
    """What a person sees at a terminal of so many rows."""
    person, program = pty.openpty()
    fcntl.ioctl(program, termios.TIOCSWINSZ, struct.pack("HHHH", rows, 90, 0, 0))
    clean = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLUMNS", "LINES", "PAGER")}
    clean |= {"TERM": "xterm-256color"} | environment
    with subprocess.Popen([RELEASE / "hms-ops", *arguments], stdin=program, stdout=program, stderr=program, env=clean) as run:
        os.close(program)
        seen = b""
        while True:
            try:
                piece = os.read(person, 65536)
            except OSError:  # the other side is closed
                break
            if not piece:
                break
            seen += piece
        os.close(person)
        assert run.wait(timeout=30) == 0
    return seen.decode()


def test_long_output_goes_through_the_pager_of_a_terminal():
    paged = on_a_terminal("--help", PAGER="sed s/^/P:/")
    assert paged.startswith("P:hms-ops: see what") and "P:Exit codes:" in paged and "\x1b[1mUsage:" in paged
    assert "P:" not in on_a_terminal("--help", rows=200, PAGER="sed s/^/P:/")
    assert "P:" not in hms_ops("--help", check=0).stdout
    assert "\x1b" not in on_a_terminal("--help", NO_COLOR="1", PAGER="cat")
    # A pager that is not there is none.
    assert "Commands" in on_a_terminal("--help", PAGER="/nowhere/pager")


def test_manual_pages_are_clean():
    for command in (["hms-ops", "man"], ["hms-ops", "man", "trace"], ["hms-sidecar", "--man"], ["hms-collector", "--man"]):
        page = subprocess.run([RELEASE / command[0], *command[1:]], capture_output=True, check=True, timeout=10).stdout
        assert page.startswith(b".TH ")
        if not shutil.which("groff"):
            continue
        shown = subprocess.run(["groff", "-man", "-Tutf8", "-ww", "-z"], input=page, capture_output=True, timeout=10)
        assert shown.returncode == 0 and shown.stderr == b"", (command, shown.stderr)


def test_store_is_checked_and_printed_beside_a_running_collector_and_repaired_after_it(start):
    collector = start(Collector)
    trace_id = new_trace_id()
    request = traces(trace_id, 3, service="orders")
    assert post(collector.otlp, "/v1/traces", request.SerializeToString()).status == 200
    directory = pathlib.Path(next(word for word in collector.command if word.startswith("store.directory=")).split("=", 1)[1])
    done = hms_ops("store", "check", directory, check=0)
    assert f"in use by process {collector.process.pid}\n" in done.stdout and done.stdout.endswith("Everything is whole.\n")
    lines = hms_ops("store", "dump", directory, "--json", check=0).stdout.splitlines()
    spans = [span for line in lines for resource in json.loads(line)["resourceSpans"]
             for scope in resource["scopeSpans"] for span in scope["spans"]]
    assert [span["traceId"] for span in spans] == [trace_id.hex()] * 3
    assert trace_id.hex() in hms_ops("store", "dump", directory, check=0).stdout
    refused = hms_ops("store", "repair", directory, check=2)
    assert f"is locked by process {collector.process.pid}" in refused.stderr
    assert collector.stop() == 0
    log = next(directory.glob("*.log"))
    content = bytearray(log.read_bytes())
    content[16] ^= 1
    log.write_bytes(content)
    report = json.loads(hms_ops("store", "check", directory, "--json", check=1).stdout)
    assert [(damage["file"], damage["offset"], damage["length"]) for damage in report["damages"]] == [(log.name, 0, 32)]
    assert "Everything is whole.\n" in hms_ops("store", "repair", directory, check=0).stdout
    assert trace_id.hex() in hms_ops("store", "dump", directory, check=0).stdout


def test_trace_that_is_not_there(system):
    done = hms_ops("trace", "1" * 32, "--collector", system.collector.console, check=1)
    assert "has no trace 11111111111111111111111111111111" in done.stderr and "hms-ops check" in done.stderr


def test_trace_without_a_collector():
    done = hms_ops("trace", "1" * 32, "--collector", "127.0.0.1:1", check=2)
    assert "127.0.0.1:1" in done.stderr and "hms-ops check" in done.stderr


@pytest.mark.parametrize("mode", ["grpc", "http2", "http1"])
def test_load_reports(system, mode):
    done = hms_ops("load", "--mode", mode, "--target", system.collector.otlp, "--spans", 500, "--json", check=0)
    report = json.loads(done.stdout)
    assert report["sent_spans"] == report["acked_spans"] == 500
    assert report["acked_traces"] == 65 and report["failures"] == {}
    assert 0 < report["latency_ms"]["p50"] <= report["latency_ms"]["p99"] <= report["latency_ms"]["max"]


def test_load_keeps_to_its_rate(system):
    done = hms_ops("load", "--target", system.collector.otlp, "--rate", 2000, "--seconds", 2, "--batch", 20, "--json", check=0)
    assert 3000 <= json.loads(done.stdout)["acked_spans"] <= 4100


@pytest.mark.parametrize("mode", ["grpc", "http1"])
def test_load_without_a_target(mode):
    done = hms_ops("load", "--mode", mode, "--target", "127.0.0.1:1", "--spans", 200, "--json", check=2)
    report = json.loads(done.stdout)
    assert report["acked_spans"] == 0 and sum(report["failures"].values()) == 2


def test_check(system, tmp_path):
    addresses = [
        "--collector", system.collector.console, "--sidecar", system.sidecar.otlp, "--sidecar-admin", system.sidecar.admin,
    ]
    done = hms_ops("check", *addresses, check=0)
    assert done.stdout.count("ok  ") == 3
    wrong = tmp_path / "wrong.conf"
    wrong.write_text("[receive]\notlp = nowhere\n\n[nonsense]\nkey = 1\n")
    done = hms_ops("check", "--config-only", "--sidecar-config", wrong, check=1)
    assert "wrong.conf:2" in done.stdout and "wrong.conf:5" in done.stdout
    done = hms_ops("check", *addresses[:4], "--sidecar-admin", "127.0.0.1:1", check=1)
    assert "failed  sidecar is ready" in done.stdout and "--sidecar-admin" in done.stdout


def up(tmp_path, *arguments):
    output = open(tmp_path / "out", "wb")
    process = subprocess.Popen(
        [RELEASE / "hms-ops", "up", "--data", tmp_path / "data", *arguments], stdin=subprocess.DEVNULL, stdout=output,
        stderr=subprocess.STDOUT,
    )
    return process, lambda: (tmp_path / "out").read_text()


def children(process):
    done = subprocess.run(["ps", "--ppid", str(process.pid), "-o", "pid="], capture_output=True, text=True)
    return [int(word) for word in done.stdout.split()]


def is_running(pid):
    try:
        return open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_up_starts_both_and_stops_both(tmp_path, number):
    process, said = up(tmp_path, *ANYWHERE)
    try:
        wait_until(lambda: "HMS-OPS is up." in said(), timeout=30, what="up")
        console = re.search(r"Console\s+http://([0-9.:]+)/", said())[1]
        otlp = re.search(r"OTLP\s+([0-9.:]+) ", said())[1]
        trace_id = new_trace_id()
        assert post(otlp, "/v1/traces", traces(trace_id).SerializeToString()).status == 200
        wait_until(lambda: get(console, f"/api/v1/traces/{trace_id.hex()}").status == 200, what="the trace is stored")
        started = children(process)
        assert len(started) == 2
        process.send_signal(number)
        assert process.wait(20) == 0, said()
        assert not [pid for pid in started if is_running(pid)]
    finally:
        process.kill()
        process.wait()


def test_up_takes_its_programs_with_it_when_it_is_killed(tmp_path):
    process, said = up(tmp_path, *ANYWHERE)
    wait_until(lambda: "HMS-OPS is up." in said(), timeout=30, what="up")
    started = children(process)
    process.kill()
    process.wait()
    wait_until(lambda: not [pid for pid in started if is_running(pid)], what="the programs have ended")


def test_up_names_the_port_that_is_in_use(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        process, said = up(tmp_path, *ANYWHERE[2:], "--collector-console", f"127.0.0.1:{port}")
        assert process.wait(20) == 2
        assert f"port {port} (collector console, 127.0.0.1:{port}) is in use" in said() and "--collector-console" in said()


def test_up_shows_why_a_program_did_not_start(tmp_path):
    process, said = up(tmp_path, *ANYWHERE, "--sidecar-set", "receive.nonsense=1")
    assert process.wait(30) == 2
    assert "sidecar ended with exit code" in said() and "receive.nonsense" in said()
    assert not children(process)
