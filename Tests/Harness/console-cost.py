#!/usr/bin/env python3
"""What the console costs, measured through a pseudo-terminal of 200x50 at a refresh of 1 s; medians of 5.

    console-cost.py [--sluice PATH] [--loaded PATH] [--rate 50000] [--runs 5] [--idle 20] [--keys 1000]
                    [--topics 10000 --groups 2000] [--json]

Start: milliseconds from exec to the first byte and to the end of the first frame on an existing folder, and the frame's
bytes. A frame ends with the first 30 ms of silence after the text `Delays due` came.
Idle: CPU in percent of one core, bytes a second to the terminal on overview, topics, groups and the screens with
countdowns, and the resident size.
Keys: milliseconds from writing j or k to the first byte painted, on the topics list, while 50,000 messages a second
flow through the client in the same process (sluice-loaded-console, beside sluice or named by --loaded; without it the
surge of the peak-shaving demo).
Many: with --topics and --groups the folder holds so many of them, idle and keys are measured on those lists, and the keys
go on while refreshes come.
htop's figures stand beside ours where it is installed. Only the standard library of Python is used, on Linux.
"""
import argparse
import fcntl
import json
import os
import pty
import re
import select
import shutil
import signal
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time

COLUMNS, ROWS = 200, 50
QUIET = 0.03


class Terminal:
    """A program in a pseudo-terminal, and what it writes there."""

    def __init__(self, arguments, environment=None):
        variables = dict(os.environ, TERM="xterm-256color", LC_ALL="C.UTF-8", **(environment or {}))
        for name in ("COLORTERM", "NO_COLOR", "COLUMNS", "LINES"):
            variables.pop(name, None)
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        self.started = time.perf_counter()
        self.process = subprocess.Popen(
            arguments, stdin=slave, stdout=slave, stderr=slave, env=variables, start_new_session=True, close_fds=True)
        os.close(slave)

    def read(self, timeout):
        """Bytes that came within the time; empty when none did."""
        if not select.select([self.master], [], [], timeout)[0]:
            return b""
        try:
            return os.read(self.master, 1 << 16)
        except OSError:
            return b""

    def until(self, text, timeout=20.0):
        """Everything up to a text; None when it never comes."""
        seen, deadline = b"", time.perf_counter() + timeout
        while time.perf_counter() < deadline:
            seen += self.read(QUIET)
            if text in seen:
                return seen
            if self.process.poll() is not None:
                break
        return None

    def during(self, seconds):
        """What is written in so many seconds: a list of (seconds since now, bytes)."""
        start, parts = time.perf_counter(), []
        while (left := start + seconds - time.perf_counter()) > 0:
            if part := self.read(left):
                parts.append((time.perf_counter() - start, part))
            elif self.process.poll() is not None:
                break
        return parts

    def press(self, keys):
        os.write(self.master, keys)

    def cpu(self):
        """User and system seconds so far."""
        with open(f"/proc/{self.process.pid}/stat", "rb") as file:
            fields = file.read().rsplit(b")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def resident(self):
        """Resident megabytes."""
        if self.process.poll() is not None:
            raise SystemExit(f"{self.process.args[0]} ended by itself with {self.process.returncode}")
        with open(f"/proc/{self.process.pid}/status") as file:
            return next(int(line.split()[1]) / 1024 for line in file if line.startswith("VmRSS"))

    def close(self):
        """Ends it in order; what it still said."""
        self.process.send_signal(signal.SIGTERM)
        deadline, said = time.perf_counter() + 20, b""
        while self.process.poll() is None and time.perf_counter() < deadline:
            said += self.read(0.1)
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        while part := self.read(0):
            said += part
        os.close(self.master)
        return said


def first_frame(arguments, landmark, environment=None):
    """Milliseconds to the first byte and to the whole frame, its bytes, and the terminal, left open."""
    terminal = Terminal(arguments, environment)
    first = None
    seen, last = b"", None
    deadline = terminal.started + 20
    while time.perf_counter() < deadline:
        part = terminal.read(QUIET)
        if part:
            last = time.perf_counter()
            first = first or last
            seen += part
        elif landmark in seen:
            break
    if landmark not in seen:
        terminal.close()
        raise SystemExit(f"{arguments[0]}: no first frame; it said {seen[-300:]!r}")
    figures = {
        "first_byte_ms": (first - terminal.started) * 1e3,
        "first_frame_ms": (last - terminal.started) * 1e3,
        "first_frame_bytes": len(seen),
    }
    return figures, terminal


def idle(terminal, seconds):
    """CPU in percent of one core and bytes a second, after what came before is over."""
    terminal.during(2.2)
    cpu, start = terminal.cpu(), time.perf_counter()
    parts = terminal.during(seconds)
    took = time.perf_counter() - start
    return (terminal.cpu() - cpu) / took * 100, sum(len(part) for _, part in parts) / took


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def medians(rows):
    return {name: statistics.median(row[name] for row in rows) for name in rows[0]}


class Sluice:
    def __init__(self, path, options):
        self.path, self.options = path, options
        self.folder = tempfile.mkdtemp(prefix="sluice-cost-")
        self.environment = {"SLUICE_DATA": self.folder + "/data", "HOME": self.folder}

    def run(self, *arguments, lines=None):
        subprocess.run(
            [self.path, *arguments], env=dict(os.environ, **self.environment), check=True,
            input="".join(line + "\n" for line in lines or []).encode(), stdout=subprocess.DEVNULL)

    def fill(self):
        """A folder as somebody left it: topics, a group that has read all, delays and halves."""
        for topic in ("orders", "pay", "sms", "driver-push", "coupon", "audit"):
            self.run("publish", topic, "--spread", lines=[f"{topic} {number}" for number in range(500)])
        self.run("consume", "orders", "--group", "billing", "--until-empty")
        for delay in ("20m", "45m", "2h", "3d"):
            self.run("publish", "reminders", "--delay", delay, lines=[f"reminder {delay} {n}" for n in range(5)])
        self.run("publish", "pay", "--transaction", lines=["half 1", "half 2", "half 3"])

    def fill_many(self, topics, groups):
        """A folder with thousands of topics and groups, made over the network by RocketMQ's own requests."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        server = subprocess.Popen(
            [self.path, "serve", "--durability", "async", "--listen", f"127.0.0.1:{port}", "--name-server", "none"],
            env=dict(os.environ, **self.environment), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            connection = connect(port, server)
            for number in range(topics):
                ask(connection, 17, {
                    "topic": f"service-{number % 97}_events-{number}", "defaultTopic": "TBW102", "readQueueNums": "4",
                    "writeQueueNums": "4", "perm": "6", "topicFilterType": "SINGLE_TAG", "topicSysFlag": "0",
                    "order": "false"})
            for number in range(groups):
                ask(connection, 200, {}, json.dumps({"groupName": f"consumer-{number}"}).encode())
            connection.close()
        finally:
            server.terminate()
            server.wait()

    def keys_among_many(self):
        """Key to paint on a long list of topics, while it is refreshed every second."""
        _, terminal = first_frame([self.path, "console"], b"Delays due", self.environment)
        terminal.press(b"2")
        terminal.during(2)
        figures = self.pressed(terminal, 0.008)
        figures["load_rss_mb"] = terminal.resident()
        terminal.close()
        return figures

    def pressed(self, terminal, rest):
        """Keys, down and up in turn, each of which paints two rows; then `rest` seconds for what is left of the frame."""
        waits, missed = [], 0
        for number in range(self.options.keys):
            while terminal.read(0):
                pass
            pressed = time.perf_counter()
            terminal.press(b"j" if number % 2 == 0 else b"k")
            if terminal.read(1.0):
                waits.append((time.perf_counter() - pressed) * 1e3)
            else:
                missed += 1
            while terminal.read(rest):
                pass
        return {
            "key_p50_ms": percentile(waits, 0.5), "key_p99_ms": percentile(waits, 0.99), "key_max_ms": max(waits),
            "keys_without_paint": missed,
        }

    def start(self):
        figures, terminal = first_frame([self.path, "console"], b"Delays due", self.environment)
        terminal.close()
        return figures

    def resting(self):
        """One console, screen after screen."""
        seconds = self.options.idle
        _, terminal = first_frame([self.path, "console"], b"Delays due", self.environment)
        figures = {}
        screens = [("overview", b"1"), ("topics", b"2"), ("groups", b"3"), ("delays", b"4"), ("transactions", b"5")]
        for name, key in screens:
            terminal.press(key)
            figures[f"idle_cpu_{name}_percent"], figures[f"idle_{name}_bytes_per_s"] = idle(terminal, seconds)
        figures["rss_mb"] = terminal.resident()
        terminal.close()
        return figures

    def keys(self):
        """Key to paint on the topics list under load."""
        loaded = self.options.loaded
        if loaded:
            folder = tempfile.mkdtemp(prefix="load-", dir=self.folder)
            terminal = Terminal([loaded, folder + "/data", str(self.options.rate)], self.environment)
            began = time.perf_counter()
        else:
            terminal = Terminal([self.path, "demo", "peak-shaving"], self.environment)
        if terminal.until(b"flow-9" if loaded else b"levelled") is None:
            terminal.close()
            raise SystemExit("the console under load shows no first frame")
        terminal.press(b"ja" if loaded else b"s2a")
        terminal.during(2)
        cpu, start = terminal.cpu(), time.perf_counter()
        figures = self.pressed(terminal, 0.002)
        figures["load_cpu_percent"] = (terminal.cpu() - cpu) / (time.perf_counter() - start) * 100
        figures["load_rss_mb"] = terminal.resident()
        ran = time.perf_counter() - began if loaded else 0
        said = terminal.close()
        if loaded:
            published, read = (int(number) for number in re.findall(rb"flowed (\d+) (\d+)", said)[-1])
            figures["load_published_per_s"], figures["load_read_per_s"] = published / ran, read / ran
            shutil.rmtree(folder, ignore_errors=True)
        return figures

    def close(self):
        shutil.rmtree(self.folder, ignore_errors=True)


def connect(port, server):
    """A connection to a server that is starting."""
    deadline = time.perf_counter() + 20
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=20)
        except OSError:
            if time.perf_counter() > deadline or server.poll() is not None:
                raise SystemExit("sluice serve does not answer")
            time.sleep(0.05)


def ask(connection, code, fields, body=b""):
    """One request of RocketMQ's remoting protocol with a JSON header, and its answer, which has to be a success."""
    header = json.dumps({
        "code": code, "language": "PYTHON", "version": 409, "opaque": 1, "flag": 0, "extFields": fields}).encode()
    connection.sendall(struct.pack(">II", 4 + len(header) + len(body), len(header)) + header + body)

    def take(count):
        data = b""
        while len(data) < count:
            part = connection.recv(count - len(data))
            if not part:
                raise SystemExit(f"sluice serve closed the connection at request {code}")
            data += part
        return data

    frame = take(struct.unpack(">I", take(4))[0])
    answer = json.loads(frame[4:4 + (struct.unpack(">I", frame[:4])[0] & 0xFFFFFF)])
    if answer["code"] != 0:
        raise SystemExit(f"request {code} was refused: {answer}")


def measure_htop(options):
    """htop in the same terminal: its frame, what a refresh sends, its CPU and its size."""
    home = tempfile.mkdtemp(prefix="htop-cost-")
    rows = []
    for _ in range(options.runs):
        figures, terminal = first_frame(["htop", "-d", "10"], b"Load average", {"HOME": home})
        figures["idle_cpu_percent"], figures["bytes_per_s"] = idle(terminal, min(options.idle, 5))
        figures["rss_mb"] = terminal.resident()
        terminal.close()
        rows.append(figures)
    shutil.rmtree(home, ignore_errors=True)
    return medians(rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sluice", default=".build/release/sluice", help="the binary; a release build")
    parser.add_argument("--loaded", help="the console under load; default: sluice-loaded-console beside sluice")
    parser.add_argument("--rate", type=int, default=50_000, help="messages a second under load")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--idle", type=float, default=20, help="seconds a screen")
    parser.add_argument("--keys", type=int, default=1000)
    parser.add_argument("--topics", type=int, default=0, help="so many topics instead of a few")
    parser.add_argument("--groups", type=int, default=0, help="so many groups")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    path = os.path.abspath(options.sluice)
    if not os.access(path, os.X_OK):
        raise SystemExit(f"no executable at {path}; build one with: swift build -c release --product sluice")

    beside = os.path.join(os.path.dirname(path), "sluice-loaded-console")
    options.loaded = os.path.abspath(options.loaded) if options.loaded else beside if os.path.exists(beside) else None

    sluice = Sluice(path, options)
    try:
        many = options.topics > 0 or options.groups > 0
        if many:
            sluice.fill_many(options.topics, options.groups)
            LIMITS.update(MANY_LIMITS)
        else:
            sluice.fill()
        ours = medians([sluice.start() for _ in range(options.runs)])
        ours.update(medians([sluice.resting() for _ in range(options.runs)]))
        ours.update(medians([(sluice.keys_among_many if many else sluice.keys)() for _ in range(options.runs)]))
    finally:
        sluice.close()
    htop = measure_htop(options) if shutil.which("htop") else None
    report(ours, htop, options)


LIMITS = {
    "first_byte_ms": 30, "first_frame_ms": 100, "rss_mb": 40, "idle_topics_bytes_per_s": 0,
    "idle_groups_bytes_per_s": 0, "idle_delays_bytes_per_s": 300, "idle_transactions_bytes_per_s": 300,
    "idle_cpu_overview_percent": 0.3, "idle_cpu_topics_percent": 0.3, "idle_cpu_groups_percent": 0.3,
    "idle_cpu_delays_percent": 0.3, "idle_cpu_transactions_percent": 0.3, "key_p99_ms": 16, "keys_without_paint": 0,
}
# Thousands of topics and groups have to be read from the disk before the first frame, and be kept.
MANY_LIMITS = {"first_frame_ms": 250, "rss_mb": 60, "load_rss_mb": 60}
BESIDE = {"idle_overview_bytes_per_s": "bytes_per_s", "idle_cpu_overview_percent": "idle_cpu_percent"}


def report(ours, htop, options):
    over = [name for name, limit in LIMITS.items() if ours[name] > limit]
    if options.json:
        rounded = {name: round(value, 3) for name, value in ours.items()}
        rounded["htop"] = {name: round(value, 3) for name, value in htop.items()} if htop else None
        print(json.dumps(dict(rounded, columns=COLUMNS, rows=ROWS, runs=options.runs, over_limit=over)))
    else:
        print(f"{'':34}{'sluice':>12}{'limit':>10}{'htop':>12}")
        for name, value in ours.items():
            other = (htop or {}).get(BESIDE.get(name, name))
            limit = f"{LIMITS[name]:g}" if name in LIMITS else ""
            mark = " over" if name in over else ""
            print(f"{name:34}{value:12,.2f}{limit:>10}{f'{other:,.2f}' if other is not None else '':>12}{mark}")
    sys.exit(1 if over else 0)


if __name__ == "__main__":
    main()
