"""Load with Eclipse Paho that remembers what was acknowledged and what came: see ../fleet.ts for what it reads and prints."""

import json
import queue
import sys
import threading

import paho.mqtt.client as paho
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

HOST, PORT = sys.argv[1], int(sys.argv[2])
IN_FLIGHT = 20
ACKNOWLEDGEMENTS_A_LINE = 10
VERSIONS = {"3.1.1": paho.MQTTv311, "5.0": paho.MQTTv5}

printing = threading.Lock()


def say(line):
    with printing:
        print(line, flush=True)


class Client(paho.Client):
    """
    Paho (2.2.0) forgets at a second failed try to connect that a PUBREC came, and repeats the PUBLISH instead of the
    PUBREL, which [MQTT-4.3.3-6] forbids: its receiver may have released the identifier. Here it remembers.
    """

    def _messages_reconnect_reset_out(self):
        released = [one for one in self._out_messages.values() if one.state == paho.mqtt_ms_resend_pubrel]
        super()._messages_reconnect_reset_out()
        for one in released:
            one.state = paho.mqtt_ms_resend_pubrel


def connected(version, role, on_message=None):
    """A client whose thread connects again after every kill."""
    kind = {} if version == "5.0" else {"clean_session": False}
    client = Client(paho.CallbackAPIVersion.VERSION2, f"paho-{version}-{role}", protocol=VERSIONS[version], **kind)
    client.max_inflight_messages_set(IN_FLIGHT)
    client.reconnect_delay_set(min_delay=0.05, max_delay=0.05)
    up = threading.Event()
    client.on_connect = lambda c, u, flags, code, p: up.set()
    client.on_message = on_message
    options = {}
    if version == "5.0":
        options["clean_start"] = False
        options["properties"] = Properties(PacketTypes.CONNECT)
        options["properties"].SessionExpiryInterval = 0xFFFFFFFF
    client.connect(HOST, PORT, keepalive=60, **options)
    client.loop_start()
    if not up.wait(20):
        sys.exit("no CONNACK in 20 s")
    return client


class Stream:
    """One publisher and one subscriber of one topic; both outlive every kill, and so does what they know."""

    def __init__(self, version, qos):
        self.version, self.qos = version, qos
        self.topic = f"load/paho/{version}/{qos}"
        self.sent, self.acknowledged, self.came = 0, [], []
        self.numbers = {}
        # Paho calls back while it holds a lock that its publish wants: callbacks only leave word.
        self.answers = queue.SimpleQueue()
        self.stopped = False
        self.ended = threading.Event()
        self.subscriber = connected(version, f"reader-{qos}", self.take)
        granted = threading.Event()
        self.subscriber.on_subscribe = lambda *_: granted.set()
        self.subscriber.subscribe(self.topic, qos)
        if not granted.wait(20):
            sys.exit("no SUBACK in 20 s")
        self.publisher = connected(version, f"writer-{qos}")
        self.publisher.on_publish = lambda c, u, mid, code, p: self.answers.put(mid)

    def take(self, _client, _user, message):
        if message.payload == b"end":
            self.ended.set()
        else:
            self.came.append(int(message.payload))

    def load(self):
        while not self.stopped or self.numbers:
            while len(self.numbers) < IN_FLIGHT and not self.stopped:
                info = self.publisher.publish(self.topic, str(self.sent), self.qos)
                self.numbers[info.mid] = self.sent
                self.sent += 1
            self.acknowledged.append(self.numbers.pop(self.answers.get()))
            if len(self.acknowledged) % ACKNOWLEDGEMENTS_A_LINE == 0:
                say(f"acknowledged {ACKNOWLEDGEMENTS_A_LINE}")

    def finish(self):
        self.stopped = True
        self.thread.join()
        self.publisher.publish(self.topic, "end", self.qos)
        self.ended.wait()

    def report(self):
        return {"client": f"Paho {self.version}, present reader", "qos": self.qos, "sent": self.sent,
                "acknowledged": self.acknowledged, "came": self.came}


streams = [Stream(version, qos) for version in VERSIONS for qos in (1, 2)]
say("ready")
for stream in streams:
    stream.thread = threading.Thread(target=stream.load, daemon=True)
    stream.thread.start()
sys.stdin.readline()
for stream in streams:
    stream.finish()
say("report " + json.dumps([stream.report() for stream in streams]))
