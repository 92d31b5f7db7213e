"""One installed client library behind the few calls that the cases make.

The packages differ in a few names, and in how a listener says that it failed: client_a.py and older_api.py extend
Remoting by `new_producer`, `set_name_server`, `subscribe` and `send_ordered`.
"""
import time

from rocketmq import client as api
from rocketmq.exceptions import RocketMQException, ffi_check
from rocketmq.ffi import MessageModel, dll

from conformance_support import Received, expect


def text(value):
    return (value or b"").decode("utf-8", "replace")


def copy_of(message):
    return Received(
        topic=message.topic, body=text(message.body), tags=text(message.tags), keys=text(message.keys),
        origin=text(message.get_property("origin")), queue=message.queue_id, offset=message.queue_offset,
        reconsume_times=message.reconsume_times, at=time.monotonic())


def message_to(topic, body, tags=None, keys=None, origin=None, delay=None):
    message = api.Message(topic)
    message.set_body(body)
    if tags:
        message.set_tags(tags)
    if keys:
        message.set_keys(keys)
    if origin:
        message.set_property("origin", origin)
    if delay:
        message.set_delay_time_level(delay)
    return message


class Producer:
    """A started producer that sends to one topic."""

    TRIES = 3
    PAUSE = 0.2

    def __init__(self, native, library):
        self.native = native
        self._library = library

    def send(self, body, **properties):
        """Repeats a send that the client gives up, as it does at once while another of its threads is connecting; it
        calls whatever went wrong a missing route. How often a repetition helped is told with the outcome."""
        for failures in range(self.TRIES):
            try:
                result = self._send(body, **properties)
                self._library.sent_again += failures > 0
                return result
            except RocketMQException as error:
                refusal = error
                time.sleep(self.PAUSE)
        raise refusal

    def _send(self, body, **properties):
        result = self.native.send_sync(message_to(self._library.run.topic, body, **properties))
        expect(result.status == api.SendStatus.OK, f"send was answered with {result.status!r}")
        expect(result.msg_id, "send was answered without a message id")
        return result

    def send_oneway(self, body):
        self.native.send_oneway(message_to(self._library.run.topic, body))


class Remoting:
    """Starts producers and consumers of the library. It keeps them all: they must not be collected while threads of
    the library call into them."""

    def __init__(self, run):
        self.run = run
        self.sent_again = 0
        self._kept = []

    def producer(self, instance=None, ordered=False, credentials=None):
        """Instances share connections, routes and heartbeats; another name makes another instance."""
        native = self.new_producer(f"{self.run.group}-producers{instance or ''}", ordered)
        if instance:
            ffi_check(dll.SetProducerInstanceName(native._handle, instance.encode()))
        self.start(native, credentials)
        return Producer(native, self)

    def consumer(self, inbox, expression="*", instance=None, group=None, ordered=False, broadcast=False,
                 credentials=None):
        model = MessageModel.BROADCASTING if broadcast else MessageModel.CLUSTERING
        native = api.PushConsumer(group or self.run.group, orderly=ordered, message_model=model)
        if instance:
            native.set_instance_name(instance)
        self.subscribe(native, inbox.listen, expression)
        self.start(native, credentials)
        return native

    def start(self, native, credentials=None):
        self._kept.append(native)
        self.set_name_server(native)
        credentials = credentials or self.run.credentials
        if credentials:
            native.set_session_credentials(*credentials, "LOCAL")
        native.start()
