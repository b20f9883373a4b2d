"""Starts the release programs on free ports and reads from their logs where they listen."""

import os
import pathlib
import re
import signal
import subprocess
import threading
import time

# Where no sidecar listens: the default is that of one that may run on this machine.
NOBODY = "127.0.0.1:1"
ROOT = pathlib.Path(__file__).resolve().parent.parent
RELEASE = pathlib.Path(os.environ.get("HMS_PROGRAMS", ROOT / ".build" / "release"))
LISTENING = re.compile(r"event=\"?listening\"?.*?\bwhat=\"?([a-z0-9_.-]+)\"?.*?\baddress=\"?([^\s\"]+)\"?")


class Program:
    """A running program. Its log is read by a thread, so it never blocks on a full pipe."""

    def __init__(self, name, settings, directory, arguments=()):
        self.name = name
        self.lines = []
        self.listening = {}
        self._changed = threading.Condition()
        command = [str(RELEASE / name), *arguments]
        for key, value in settings.items():
            command += ["--set", f"{key}={value}"]
        self.command = command
        self.log_path = pathlib.Path(directory) / f"{name}.log"
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=directory
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        with open(self.log_path, "ab") as log:
            for raw in self.process.stdout:
                log.write(raw)
                line = raw.decode("utf-8", "replace").rstrip("\n")
                with self._changed:
                    self.lines.append(line)
                    match = LISTENING.search(line)
                    if match:
                        self.listening.setdefault(match[1], []).append(match[2])
                    self._changed.notify_all()
        with self._changed:
            self._changed.notify_all()

    def address(self, what, index=0, timeout=15):
        """host:port that the program logged for `what`; waits for that line."""
        deadline = time.monotonic() + timeout
        with self._changed:
            while len(self.listening.get(what, [])) <= index:
                left = deadline - time.monotonic()
                if left <= 0 or self.process.poll() is not None:
                    raise AssertionError(
                        f"{self.name} did not say where it listens for {what}; exit {self.process.poll()}; log:\n"
                        + "\n".join(self.lines[-20:])
                    )
                self._changed.wait(min(left, 0.2))
            return self.listening[what][index]

    def wait_for_line(self, text, timeout=15):
        deadline = time.monotonic() + timeout
        with self._changed:
            while True:
                for line in self.lines:
                    if text in line:
                        return line
                left = deadline - time.monotonic()
                assert left > 0, f"{self.name} never logged {text!r}; log:\n" + "\n".join(self.lines[-20:])
                self._changed.wait(min(left, 0.2))

    @property
    def alive(self):
        return self.process.poll() is None

    def kill(self):
        self.process.kill()
        self.process.wait()
        self._reader.join(5)

    def stop(self, timeout=15):
        """SIGTERM; returns the exit code."""
        if self.alive:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(timeout)
        finally:
            if self.alive:
                self.kill()
            self._reader.join(5)

    def resident_bytes(self):
        for line in open(f"/proc/{self.process.pid}/status"):
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        raise AssertionError("no VmRSS")

    def cpu_seconds(self):
        fields = open(f"/proc/{self.process.pid}/stat").read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Collector(Program):
    def __init__(self, directory, **settings):
        directory = pathlib.Path(directory)
        (directory / "store").mkdir(exist_ok=True)
        chosen = {
            "receive.otlp": "127.0.0.1:0",
            "console.listen": "127.0.0.1:0",
            "store.directory": directory / "store",
        }
        chosen.update({key.replace("__", "."): value for key, value in settings.items()})
        super().__init__("hms-collector", chosen, directory)

    @property
    def otlp(self):
        return self.address("otlp")

    @property
    def console(self):
        return self.address("console")


class Sidecar(Program):
    def __init__(self, directory, collector, config=None, **settings):
        directory = pathlib.Path(directory)
        (directory / "spool").mkdir(exist_ok=True)
        chosen = {
            "receive.udp": "127.0.0.1:0",
            "receive.otlp": "127.0.0.1:0",
            "receive.statsd": "127.0.0.1:0",
            "receive.push": "127.0.0.1:0",
            "admin.listen": "127.0.0.1:0",
            "forward.collectors": collector,
            "spool.directory": directory / "spool",
        }
        chosen.update({key.replace("__", "."): value for key, value in settings.items()})
        super().__init__("hms-sidecar", chosen, directory, ("--config", config) if config else ())

    @property
    def otlp(self):
        return self.address("otlp")

    @property
    def udp(self):
        return self.address("udp")

    @property
    def statsd(self):
        return self.address("statsd")

    @property
    def push(self):
        return self.address("push")

    @property
    def admin(self):
        return self.address("admin")


def wait_until(check, timeout=15, what="the condition"):
    """Calls `check` until it returns something true, which is returned."""
    deadline = time.monotonic() + timeout
    while True:
        found = check()
        if found:
            return found
        assert time.monotonic() < deadline, f"{what} did not hold within {timeout} s"
        time.sleep(0.02)


def hms_ops(*arguments, timeout=120, check=None):
    """Runs hms-ops; `check` is the exit code wanted."""
    done = subprocess.run(
        [str(RELEASE / "hms-ops"), *map(str, arguments)], stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=timeout,
    )
    if check is not None:
        assert done.returncode == check, f"{done.args} -> {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done
