"""What every case needs: a place for what arrives, waiting for it with a deadline, and the line that tells the outcome.

The native clients call back on threads of their own, and a wait ends with the arrival that it waits for.
"""
import argparse
import collections
import itertools
import json
import os
import shutil
import sys
import tempfile
import threading
import time
import uuid
from typing import NamedTuple

import matrix

# Seconds that whatever was sent may take. A client that missed its first heartbeat starts half a minute late.
WAIT = 60.0

# A round of probes goes to every queue of a topic, as producers take the queues in turn.
PROBES_IN_ROUND = 8
PROBE = "probe "


class CaseFailed(Exception):
    """The broker did not do what the case expects; the text says what."""


class Run(NamedTuple):
    """What this run was told, and names that no other run uses."""
    namesrv: str
    topic: str
    group: str
    credentials: tuple


class Received(NamedTuple):
    """A copy of a message: the client's own is gone when its callback returns."""
    topic: str
    body: str
    tags: str
    keys: str
    origin: str
    queue: int
    offset: int
    reconsume_times: int
    at: float


_news = threading.Condition()


def note(collection, item):
    """Adds to a list that `wait_for` looks at."""
    with _news:
        collection.append(item)
        _news.notify_all()


def comes_true(condition, seconds):
    with _news:
        return _news.wait_for(condition, seconds)


def wait_for(condition, what, seconds=WAIT):
    """Waits for a condition; `what` says how far it came."""
    if not comes_true(condition, seconds):
        raise CaseFailed(f"after {seconds:.0f} s: {what()}")


def poll_for(attempt, what, seconds=WAIT, pause=0.1):
    """Tries again and again what nobody calls back about."""
    deadline = time.monotonic() + seconds
    while not attempt():
        if time.monotonic() > deadline:
            raise CaseFailed(f"after {seconds:.0f} s: {what()}")
        time.sleep(pause)


def expect(condition, what):
    if not condition:
        raise CaseFailed(what)


class Inbox:
    """Listens for one consumer, and keeps what it got. `accepts` says whether a message counts as consumed."""

    def __init__(self, accepts=lambda message: True):
        self._accepts = accepts
        self._all = []

    def listen(self, message):
        accepted = message.body.startswith(PROBE) or self._accepts(message)
        note(self._all, message)
        return accepted

    @property
    def messages(self):
        return [message for message in self._all if not message.body.startswith(PROBE)]

    @property
    def bodies(self):
        return [message.body for message in self.messages]

    def count_of(self, body):
        return sum(message.body == body for message in self._all)

    def wait_for_all(self, bodies):
        def missing():
            return set(bodies) - set(self.bodies)
        wait_for(lambda: not missing(), lambda: f"{len(missing())} of {len(bodies)} messages did not come, "
                                                f"such as {min(missing())[:60]!r}")

    def expect_exactly(self, bodies):
        """These once each and nothing else; to be asked when whatever was under way has come, after `until_ready`."""
        surplus = collections.Counter(self.bodies) - collections.Counter(bodies)
        absent = collections.Counter(bodies) - collections.Counter(self.bodies)
        expect(not surplus, f"came though it should not, or twice: {sorted(surplus)[:3]}")
        expect(not absent, f"did not come: {sorted(absent)[:3]}")


def until_ready(send, inboxes, shared=False):
    """Sends rounds of probes until two in a row come whole: to every inbox, or with `shared` each probe to just one.

    Then every queue is being read, and messages sent before have come, as a queue keeps its order. The second round
    shows what the first one could not: a copy that a queue's former reader was still about to get.
    """
    def whole(probes):
        counts = [[inbox.count_of(probe) for inbox in inboxes] for probe in probes]
        if shared:
            return all(sum(row) == 1 for row in counts) and all(map(any, zip(*counts)))
        return all(count == 1 for row in counts for count in row)

    deadline = time.monotonic() + WAIT
    earlier = None
    while time.monotonic() < deadline:
        probes = [f"{PROBE}{uuid.uuid4().hex}" for _ in range(PROBES_IN_ROUND)]
        for probe in probes:
            send(probe)
        arrived = comes_true(lambda: whole(probes), 1.0)
        if arrived and earlier and whole(earlier):
            return
        earlier = probes if arrived else None
    raise CaseFailed(f"after {WAIT:.0f} s: no consumer group that reads every queue; of the last round came "
                     f"{[sum(inbox.count_of(probe) for probe in probes) for inbox in inboxes]} of {len(probes)}")


def bodies(run, label, count):
    """Texts that differ from each other and from those of other runs, in characters of one to four bytes."""
    return [f"{label} {number:03} é水𝄞 {run.topic}" for number in range(count)]


def use_scratch_home():
    """To be called before the client library loads: it puts its logs, and the offsets of broadcasting, under HOME."""
    os.environ["HOME"] = os.environ.get("SLUICE_CONFORMANCE_HOME") or tempfile.mkdtemp(prefix="sluice-conformance-")


def main(name, library, cases):
    """Runs the case named on the command line. A case is called with library(run) and the run, and returns a detail."""
    assert set(cases) == set(matrix.CLIENTS[name].cases), "matrix.py lists other cases"
    parser = argparse.ArgumentParser(description=f"Drives client {name} through one case.")
    parser.add_argument("namesrv", metavar="NAMESRV_ADDR", help="the name server, as 127.0.0.1:9876")
    parser.add_argument("case", choices=sorted(cases))
    parser.add_argument("--topic", help="a topic that does not exist yet (default: a random name)")
    parser.add_argument("--group", help="a group that does not exist yet (default: a random name)")
    parser.add_argument("--access-key")
    parser.add_argument("--secret-key")
    options = parser.parse_args()
    signed = options.case in matrix.SIGNED
    if signed and not (options.access_key and options.secret_key):
        parser.error(f"{options.case} needs --access-key and --secret-key")

    fresh = f"{name}-{options.case}-{uuid.uuid4().hex[:10]}"
    run = Run(options.namesrv, options.topic or f"topic-{fresh}", options.group or f"group-{fresh}",
              (options.access_key, options.secret_key) if signed else None)
    started = time.monotonic()
    once = itertools.count()

    def leave(ok, detail):
        """Says the outcome and goes at once: ordinary ways out run the libraries' destructors, and those crash."""
        if next(once) > 0:
            return
        line = {"client": name, "case": options.case, "ok": ok, "seconds": round(time.monotonic() - started, 1),
                "detail": detail}
        print("\n" + json.dumps(line), flush=True)
        sys.stderr.flush()
        if "SLUICE_CONFORMANCE_HOME" not in os.environ:
            shutil.rmtree(os.environ["HOME"], ignore_errors=True)
        os._exit(0 if ok else 1)

    # A native call can hang where no deadline of ours reaches; it lets go of the interpreter, so that this still runs.
    seconds = matrix.limit(options.case) - 5
    watchdog = threading.Timer(seconds, leave, (False, f"after {seconds} s: a call of the client does not return"))
    watchdog.daemon = True
    watchdog.start()
    driver = library(run)  # outlives the case: it keeps what must not be collected
    try:
        detail = cases[options.case](driver, run)
        if driver.sent_again:
            detail += f"; {driver.sent_again} sends that the client gave up were repeated"
    except CaseFailed as failure:
        leave(False, str(failure))
    except Exception as error:  # whatever the library raises is an outcome too
        leave(False, f"{type(error).__name__}: {error}")
    leave(True, detail)
