"""Which client goes through which cases, and how long a case may take: what run.py and the client programs agree on."""
from typing import NamedTuple


class Client(NamedTuple):
    program: str
    environment: str
    cases: tuple


CLIENTS = {
    "A": Client("client_a.py", "a", (
        "send_sync", "send_oneway", "tags", "ordered", "delay", "retry", "broadcast", "clustering", "transaction",
        "acl")),
    "A2": Client("client_async.py", "a2", ("async", "pull")),
    "B": Client("client_b.py", "b", (
        "send_sync", "send_oneway", "async", "ordered", "tags", "delay", "retry", "broadcast", "clustering", "resume",
        "pull", "acl")),
}

# Cases that want a broker that checks signatures.
SIGNED = ("acl",)

# Seconds for a whole case. A broker may look for unresolved transactions as seldom as once a minute, and skips those
# younger than 6 s; the client may need half a minute before that to get going.
LIMIT = 90
LIMITS = {"transaction": 150}

# What waits longest, and so has to begin first.
LONG = ("transaction", "retry", "delay")


def limit(case):
    return LIMITS.get(case, LIMIT)
