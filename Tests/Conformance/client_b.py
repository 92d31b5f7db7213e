"""Client B: the 1.0 C++ library. client_b.py NAMESRV_ADDR CASE; --help says more."""
import conformance_support as support

support.use_scratch_home()

import older_api  # noqa: E402
import scenarios  # noqa: E402
from conformance_support import Inbox, bodies, until_ready  # noqa: E402


def resume(library, run):
    """Only here: the consumers of the other clients do not survive their shutdown."""
    before, between = bodies(run, "before", 20), bodies(run, "between", 20)
    first, second = Inbox(), Inbox()
    producer = library.producer()
    for body in before:
        producer.send(body)
    consumer = library.consumer(first, instance="first")
    until_ready(producer.send, [first])  # so that none of these is still in the listener when its offset is stored
    consumer.shutdown()
    for body in between:
        producer.send(body)
    library.consumer(second, instance="second")
    until_ready(producer.send, [second])
    first.expect_exactly(before)
    second.expect_exactly(between)
    return f"a second consumer got the {len(between)} messages since the first one's shutdown, and no other"


if __name__ == "__main__":
    support.main("B", older_api.OlderApi, {
        "send_sync": scenarios.send_sync,
        "send_oneway": scenarios.send_oneway,
        "async": older_api.send_async,
        "ordered": scenarios.ordered,
        "tags": scenarios.tags,
        "delay": scenarios.delay,
        "retry": scenarios.retry,
        "broadcast": scenarios.broadcast,
        "clustering": scenarios.clustering,
        "resume": resume,
        "pull": older_api.pull,
        "acl": scenarios.acl,
    })
