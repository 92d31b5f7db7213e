"""Client A: the 2.1.0 C++ library with Apache's Python files. client_a.py NAMESRV_ADDR CASE; --help says more."""
import conformance_support as support

support.use_scratch_home()

from rocketmq import client as api  # noqa: E402

import scenarios  # noqa: E402
from conformance_support import Inbox, bodies, expect, note, wait_for  # noqa: E402
from remoting import Remoting, copy_of, message_to  # noqa: E402

# Seconds until a broker that looks once a minute, and only at what is older than 6 s, has asked about a transaction.
CHECK_BACK = 75.0


class ClientA(Remoting):
    def new_producer(self, group, ordered):
        return api.Producer(group, orderly=ordered)

    def set_name_server(self, native):
        native.set_name_server_address(self.run.namesrv)

    def send_ordered(self, producer, body, lane):
        return producer.native.send_orderly_with_sharding_key(message_to(self.run.topic, body), f"lane-{lane}")

    def subscribe(self, consumer, listener, expression):
        def on_message(message):
            accepted = listener(copy_of(message))
            return api.ConsumeStatus.CONSUME_SUCCESS if accepted else api.ConsumeStatus.RECONSUME_LATER

        consumer.subscribe(self.run.topic, on_message, expression)

    def transaction_producer(self, check):
        native = api.TransactionMQProducer(f"{self.run.group}-transactions", check)
        self.start(native)
        return native


def transaction(library, run):
    commit, rollback, unknown = (api.TransactionStatus[name] for name in ("COMMIT", "ROLLBACK", "UNKNOWN"))
    at_once = {body: commit for body in bodies(run, "commit", 5)}
    at_once.update((body, rollback) for body in bodies(run, "rollback", 5))
    asked_later = {body: commit for body in bodies(run, "commit when asked", 3)}
    asked_later.update((body, rollback) for body in bodies(run, "rollback when asked", 3))
    asked = []

    def check(message):
        body = copy_of(message).body
        note(asked, body)
        return asked_later.get(body, unknown)

    # Before the stage: the first heartbeat after this one is the consumer's, and a broker asks only who sent one.
    producer = library.transaction_producer(check)
    inbox = Inbox()
    stage = scenarios.Stage(library, [inbox])
    for body in asked_later:
        producer.send_message_in_transaction(message_to(run.topic, body), lambda message, _: unknown)
    for body, outcome in at_once.items():
        producer.send_message_in_transaction(message_to(run.topic, body), lambda message, _, outcome=outcome: outcome)

    def committed(transactions):
        return [body for body, outcome in transactions.items() if outcome == commit]

    inbox.wait_for_all(committed(at_once))
    unasked = [body for body in inbox.bodies if body in asked_later and body not in asked]
    expect(not unasked, f"came though nobody had committed it: {unasked[:1]}")
    wait_for(lambda: set(asked) >= set(asked_later),
             lambda: f"asked about {len(set(asked))} of {len(asked_later)} unresolved transactions", CHECK_BACK)
    strange = set(asked) - set(asked_later)
    expect(not strange, f"asked about a transaction that was resolved: {sorted(strange)[:1]}")
    wanted = committed(at_once) + committed(asked_later)
    inbox.wait_for_all(wanted)
    stage.settle()
    inbox.expect_exactly(wanted)
    return (f"{len(at_once)} resolved at once and {len(asked_later)} when asked; those {len(wanted)} that were "
            f"committed came")


if __name__ == "__main__":
    support.main("A", ClientA, {
        "send_sync": scenarios.send_sync,
        "send_oneway": scenarios.send_oneway,
        "tags": scenarios.tags,
        "ordered": scenarios.ordered,
        "delay": scenarios.delay,
        "retry": scenarios.retry,
        "broadcast": scenarios.broadcast,
        "clustering": scenarios.clustering,
        "transaction": transaction,
        "acl": scenarios.acl,
    })
