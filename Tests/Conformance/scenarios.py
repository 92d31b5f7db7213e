"""The cases that more than one client goes through."""
import collections
import random
import time

from rocketmq.exceptions import RocketMQException

from conformance_support import PROBE, CaseFailed, Inbox, bodies, expect, until_ready, wait_for

# Seconds of the first three delay levels, and of the first retry.
DELAYS = {1: 1.0, 2: 5.0, 3: 10.0}
FIRST_RETRY = 10.0

# What clocks of milliseconds, read on two sides, may differ by.
CLOCK = 0.02


class Stage:
    """A producer, and a consumer for each inbox, all of them ready.

    The topic is made first: a consumer that finds no route at its start sits idle until it shares out queues again,
    after 10 s or more. The first consumer shares the producer's instance, and so its heartbeat tells of both.
    """

    def __init__(self, library, inboxes, probe_tag=None, **consumer):
        self._inboxes = inboxes
        self._probe_tag = probe_tag
        self._shared = len(inboxes) > 1 and not consumer.get("broadcast")
        self.producer = library.producer(ordered=consumer.get("ordered", False))
        self._probe(f"{PROBE}that makes the topic")
        for number, inbox in enumerate(inboxes):
            library.consumer(inbox, instance=f"other-{number}" if number else None, **consumer)
        self.settle()

    def _probe(self, body):
        self.producer.send(body, tags=self._probe_tag)

    def settle(self):
        """Returns when whatever was sent has come to whoever it was for, and so what is absent now stays absent."""
        until_ready(self._probe, self._inboxes, self._shared)


def send_sync(library, run):
    inbox = Inbox()
    stage = Stage(library, [inbox])
    sent = bodies(run, "sync", 20)
    sent.append("compresses well " * 4096)
    sent.append("".join(random.Random(run.topic).choices("0123456789abcdefghijklmnopqrstuvwxyz", k=120_000)))
    results = {body: stage.producer.send(body, tags="paid", keys=f"key-{number}", origin=f"origin-{number}")
               for number, body in enumerate(sent)}

    inbox.wait_for_all(sent)
    stage.settle()
    inbox.expect_exactly(sent)
    for message in inbox.messages:
        number = sent.index(message.body)
        properties = (message.topic, message.tags, message.keys, message.origin)
        wanted = (run.topic, "paid", f"key-{number}", f"origin-{number}")
        expect(properties == wanted, f"sent with {wanted}, came with {properties}")
        expect(message.offset == results[message.body].offset,
               f"stored at offset {results[message.body].offset}, came with offset {message.offset}")
    stage.producer.native.shutdown()  # it tells the broker that it leaves
    return f"{len(sent)} messages with tag, key, property and offset, two of them large"


def send_oneway(library, run):
    inbox = Inbox()
    stage = Stage(library, [inbox])
    sent = bodies(run, "oneway", 20)
    for body in sent:
        stage.producer.send_oneway(body)
    inbox.wait_for_all(sent)
    stage.settle()
    inbox.expect_exactly(sent)
    return f"{len(sent)} messages"


def tags(library, run):
    inbox = Inbox()
    stage = Stage(library, [inbox], probe_tag="red", expression="red || blue")
    sent = {tag: bodies(run, f"tag-{tag}", 10) for tag in ("red", "green", "blue", None)}
    for tag, texts in sent.items():
        for body in texts:
            stage.producer.send(body, tags=tag)
    wanted = sent["red"] + sent["blue"]
    inbox.wait_for_all(wanted)
    stage.settle()
    inbox.expect_exactly(wanted)
    for message in inbox.messages:
        expect(message.body in sent[message.tags], f"{message.body!r} came with tag {message.tags!r}")
    return f"{len(wanted)} messages of two tags; those of a third one and without a tag stayed away"


def ordered(library, run, lanes=4, length=15):
    inbox = Inbox()
    stage = Stage(library, [inbox], ordered=True)
    sent = {lane: bodies(run, f"lane-{lane}", length) for lane in range(lanes)}
    for number in range(length):
        for lane in range(lanes):
            library.send_ordered(stage.producer, sent[lane][number], lane)
    everything = [body for lane in sent.values() for body in lane]
    inbox.wait_for_all(everything)
    stage.settle()
    inbox.expect_exactly(everything)
    for lane, expected in sent.items():
        came = [message for message in inbox.messages if message.body in expected]
        expect([message.body for message in came] == expected, f"lane {lane} came in another order")
        expect(len({message.queue for message in came}) == 1, f"lane {lane} was spread over queues")
    return f"{lanes} keys with {length} messages each, in order"


def delay(library, run):
    inbox = Inbox()
    stage = Stage(library, [inbox])
    sent_at, label = {}, {}
    for level in DELAYS:
        for body in bodies(run, f"level-{level}", 3):
            label[body], sent_at[body] = level, time.monotonic()
            stage.producer.send(body, delay=level)
    inbox.wait_for_all(sent_at)
    waited = collections.defaultdict(list)
    for message in inbox.messages:
        waited[label[message.body]].append(message.at - sent_at[message.body])
    for level, seconds in waited.items():
        expect(min(seconds) >= DELAYS[level] - CLOCK, f"level {level} came after {min(seconds):.3f} s")
    stage.settle()
    inbox.expect_exactly(list(sent_at))
    return ", ".join(f"level {level} after {min(waited[level]):.2f} to {max(waited[level]):.2f} s" for level in DELAYS)


def retry(library, run):
    inbox = Inbox(accepts=lambda message: message.reconsume_times > 0)
    stage = Stage(library, [inbox])
    sent = bodies(run, "retry", 3)
    for body in sent:
        stage.producer.send(body, tags="paid", keys="key", origin="origin")
    wait_for(lambda: len(inbox.messages) >= 2 * len(sent),
             lambda: f"{len(inbox.messages)} of {2 * len(sent)} deliveries, each message failing once")
    stage.settle()
    inbox.expect_exactly(sent * 2)
    gaps = []
    for body in sent:
        first, second = [message for message in inbox.messages if message.body == body]
        expect((first.reconsume_times, second.reconsume_times) == (0, 1),
               f"reconsume times {first.reconsume_times} and {second.reconsume_times}, not 0 and 1")
        for message in (first, second):
            properties = (message.topic, message.tags, message.keys, message.origin)
            expect(properties == (run.topic, "paid", "key", "origin"), f"came with {properties}")
        gaps.append(second.at - first.at)
    expect(min(gaps) >= FIRST_RETRY - CLOCK, f"came again after {min(gaps):.3f} s")
    return f"{len(sent)} messages came again after {min(gaps):.2f} to {max(gaps):.2f} s, with reconsume times 1"


def broadcast(library, run):
    inboxes = [Inbox(), Inbox()]
    stage = Stage(library, inboxes, broadcast=True)
    sent = bodies(run, "broadcast", 20)
    for body in sent:
        stage.producer.send(body)
    for inbox in inboxes:
        inbox.wait_for_all(sent)
    stage.settle()
    for inbox in inboxes:
        inbox.expect_exactly(sent)
    return f"two consumers, each with all {len(sent)} messages"


def clustering(library, run):
    inboxes = [Inbox(), Inbox()]
    stage = Stage(library, inboxes)
    sent = bodies(run, "clustering", 40)
    for body in sent:
        stage.producer.send(body)

    def together():
        return [body for inbox in inboxes for body in inbox.bodies]

    wait_for(lambda: set(together()) == set(sent), lambda: f"{len(set(together()))} of {len(sent)} messages came")
    stage.settle()
    expect(sorted(together()) == sorted(sent), "a message came to both consumers, or twice")
    shares = [len(inbox.bodies) for inbox in inboxes]
    expect(all(shares), f"one consumer got everything: {shares}")
    return f"shared as {shares[0]} and {shares[1]}, each message once"


def acl(library, run):
    access_key, secret_key = run.credentials
    intruders = {"wrong-secret": (access_key, secret_key + "x"), "unknown-key": ("nobody" + access_key, secret_key)}
    inbox, stolen = Inbox(), Inbox()
    stage = Stage(library, [inbox])
    for name, credentials in intruders.items():
        library.consumer(stolen, instance=f"reads-{name}", group=f"{run.group}-{name}", credentials=credentials)

    sent = bodies(run, "signed", 10)
    for body in sent:
        stage.producer.send(body)
    inbox.wait_for_all(sent)
    for name, credentials in intruders.items():
        intruder = library.producer(instance=f"writes-{name}", credentials=credentials)
        try:
            intruder.send(f"sent with {name}")
        except RocketMQException:
            continue
        raise CaseFailed(f"a send with {name} was accepted")
    stage.settle()
    inbox.expect_exactly(sent)
    expect(not stolen.bodies, f"{len(stolen.bodies)} messages came to consumers with wrong keys")
    return f"{len(sent)} signed messages came; with {' and '.join(intruders)} no send was accepted and nothing came"
