"""The Python files that client A2 and client B have in common, and the cases that only they can go through."""
from rocketmq import client as api
from rocketmq.exceptions import ffi_check
from rocketmq.ffi import _CConsumeStatus, dll

from conformance_support import Inbox, bodies, expect, note, poll_for, wait_for
from remoting import Remoting, copy_of, message_to
from scenarios import Stage


class NeverForgets(list):
    """Stands for the list of callbacks of a producer, which drops a callback while the library is still inside it."""

    def remove(self, item):
        pass


class OlderApi(Remoting):
    def new_producer(self, group, ordered):
        return api.Producer(group)

    def set_name_server(self, native):
        native.set_namesrv_addr(self.run.namesrv)

    def send_ordered(self, producer, body, lane):
        return producer.native.send_orderly(message_to(self.run.topic, body), lane)

    def subscribe(self, consumer, listener, expression):
        """Goes below the package's own subscribe: there a listener fails by raising, and the package lets that through
        into the library, which then reads a status that nobody wrote."""
        def on_message(_, message):
            accepted = listener(copy_of(api.RecvMessage(message)))
            status = _CConsumeStatus.CONSUME_SUCCESS if accepted else _CConsumeStatus.RECONSUME_LATER
            return status.value

        ffi_check(dll.Subscribe(consumer._handle, self.run.topic.encode(), expression.encode()))
        consumer._register_callback(on_message)

    def pull_consumer(self):
        native = api.PullConsumer(self.run.group)
        self.start(native)
        return native


def send_async(library, run):
    inbox = Inbox()
    stage = Stage(library, [inbox])
    native = stage.producer.native
    native._callback_refs = NeverForgets()
    sent, results, errors = bodies(run, "async", 50), [], []
    messages = [message_to(run.topic, body) for body in sent]  # they must outlive the calls
    for message in messages:
        native.send_async(message, lambda result: note(results, result), lambda error: note(errors, error))
    wait_for(lambda: len(results) + len(errors) == len(sent),
             lambda: f"{len(results) + len(errors)} of {len(sent)} sends were answered")
    expect(not errors, f"{len(errors)} sends failed, such as with {errors[:1]}")
    expect(all(result.status == api.SendStatus.OK and result.msg_id for result in results), "a send was not stored")
    inbox.wait_for_all(sent)
    stage.settle()
    inbox.expect_exactly(sent)
    return f"{len(sent)} sends answered, and as many messages consumed"


def pull(library, run):
    producer = library.producer()
    first, second = bodies(run, "early", 30), bodies(run, "late", 30)
    for body in first:
        producer.send(body)
    puller = library.pull_consumer()
    pulled = []

    def pulls_all(expected):
        """Goes through every queue once from where it was left."""
        pulled.extend(bytes(message.body).decode() for message in puller.pull(run.topic, max_num=8))
        return len(pulled) >= len(expected)

    poll_for(lambda: pulls_all(first), lambda: f"pulled {len(pulled)} of {len(first)}")
    for body in second:
        producer.send(body)
    poll_for(lambda: pulls_all(first + second), lambda: f"pulled {len(pulled)} of {len(first + second)}")
    expect(sorted(pulled) == sorted(first + second), "what was pulled is not what was sent")
    return f"{len(pulled)} messages in two goes, each of them once"
