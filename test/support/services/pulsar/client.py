"""Pulsar's own Python client, as an independent writer and reader: one JSON command a line, one JSON answer a line."""

import base64
import json
import sys

import pulsar

KINDS = {
    "exclusive": pulsar.ConsumerType.Exclusive,
    "shared": pulsar.ConsumerType.Shared,
    "failover": pulsar.ConsumerType.Failover,
    "key_shared": pulsar.ConsumerType.KeyShared,
}
COMPRESSIONS = {
    "none": pulsar.CompressionType.NONE,
    "lz4": pulsar.CompressionType.LZ4,
    "zlib": pulsar.CompressionType.ZLib,
    "zstd": pulsar.CompressionType.ZSTD,
    "snappy": pulsar.CompressionType.SNAPPY,
}
IDLE_MS = 20_000

consumers = {}


def produce(client, topic, messages, compression="none", batching=True):
    producer = client.create_producer(
        topic,
        compression_type=COMPRESSIONS[compression],
        batching_enabled=batching,
        batching_max_publish_delay_ms=50,
        message_routing_mode=pulsar.PartitionsRoutingMode.RoundRobinDistribution,
        block_if_queue_full=True,
    )
    failed = []

    def sent(result, _):
        if result != pulsar.Result.Ok:
            failed.append(str(result))

    for message in messages:
        producer.send_async(
            base64.b64decode(message["value"]),
            sent,
            properties=message.get("headers"),
            partition_key=message.get("key"),
            ordering_key=message.get("orderingKey"),
            event_timestamp=message.get("eventTime"),
        )
    producer.flush()
    producer.close()
    if failed:
        raise RuntimeError(f"{len(failed)} not sent: {failed[0]}")
    return len(messages)


def subscribe(client, topic, subscription, kind="exclusive"):
    consumers[subscription] = client.subscribe(
        topic,
        subscription,
        consumer_type=KINDS[kind],
        initial_position=pulsar.InitialPosition.Earliest,
        receiver_queue_size=1000,
    )
    return True


def receive(client, subscription, count, idle=IDLE_MS, brief=False):
    """Up to `count` messages, fewer when none comes for `idle` ms. `brief`: values only, as text."""
    consumer = consumers[subscription]
    got = []
    while len(got) < count:
        try:
            message = consumer.receive(timeout_millis=idle)
        except pulsar.Timeout:
            break
        if brief:
            got.append(message.data().decode())
        else:
            identity = message.message_id()
            got.append(
                {
                    "value": base64.b64encode(message.data()).decode(),
                    "key": message.partition_key() or None,
                    "orderingKey": message.ordering_key() or None,
                    "headers": message.properties(),
                    "eventTime": message.event_timestamp(),
                    "partition": identity.partition(),
                    "batchIndex": identity.batch_index(),
                    "topic": message.topic_name(),
                    "producer": message.producer_name(),
                }
            )
        consumer.acknowledge(message)
    return got


def count(client, subscription, count, idle=IDLE_MS):
    """How many of `count` messages come, none being waited for longer than `idle` ms."""
    consumer = consumers[subscription]
    for seen in range(count):
        try:
            consumer.acknowledge_cumulative(consumer.receive(timeout_millis=idle))
        except pulsar.Timeout:
            return seen
    return count


def close(client, subscription):
    consumers.pop(subscription).close()
    return True


def main():
    options = json.loads(sys.stdin.readline())
    authentication = pulsar.AuthenticationToken(options["token"]) if options.get("token") else None
    client = pulsar.Client(
        options["url"],
        authentication=authentication,
        tls_trust_certs_file_path=options.get("ca"),
        operation_timeout_seconds=30,
        logger=pulsar.ConsoleLogger(pulsar.LoggerLevel.Error),
    )
    commands = {"produce": produce, "subscribe": subscribe, "receive": receive, "count": count, "close": close}
    for line in sys.stdin:
        command = json.loads(line)
        try:
            answer = {"ok": commands[command.pop("do")](client, **command)}
        except Exception as error:  # Whatever went wrong is the answer.
            answer = {"error": f"{type(error).__name__}: {error}"}
        print("answer " + json.dumps(answer), flush=True)
    client.close()


main()
