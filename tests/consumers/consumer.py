#!/usr/bin/env python3
"""Reads what keyledger publishes to Kafka: first what every key is, then everything that happens to them.

An example to start from; docs/kafka.md says why it is done so. Each record is printed as one line of JSON. With
--validate each is compared with events/asyncapi.json and events/schemas, and what does not fit is told.
"""

import argparse
import json
import sys
import time
from dataclasses import dataclass

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, TopicPartition

# The two topics are told of a transaction one after the other: what one shows, the other may show a moment later. So
# events are read from a while back, and those that the facts know already are passed over.
LOOKING_BACK_SECONDS = 3600

ANSWER_SECONDS = 30

# Errors that waiting does not mend. The client gets over all others by itself.
HOPELESS = {
    KafkaError.TOPIC_AUTHORIZATION_FAILED,
    KafkaError._AUTHENTICATION,
    # The place to go on from is gone: records were kept for too short a time. Begin anew from the compacted topic.
    KafkaError._AUTO_OFFSET_RESET,
}


@dataclass(frozen=True)
class Record:
    topic: str
    partition: int
    offset: int
    key: bytes
    headers: list[tuple[str, bytes]]
    value: bytes

    def header(self, name: str) -> str:
        return dict(self.headers)[name].decode()

    @property
    def place(self) -> tuple[int, int]:
        """Where the event stood: the same event has the same place wherever and however often it is read."""
        return int(self.header("ce_epoch")), int(self.header("ce_position"))


class Reader:
    """Reads topics as they were committed, without a group: where it is, is its own business."""

    def __init__(self, brokers: str):
        self.consumer = Consumer({
            "bootstrap.servers": brokers,
            # It joins no group; the client wants a name all the same.
            "group.id": "keyledger-example",
            "enable.auto.commit": False,
            "isolation.level": "read_committed",
            "auto.offset.reset": "error",
            "enable.partition.eof": True,
        })

    def partitions(self, topic: str) -> list[int]:
        found = self.consumer.list_topics(topic, ANSWER_SECONDS).topics[topic]
        if found.error is not None:
            raise KafkaException(found.error)
        return sorted(found.partitions)

    def beginning(self, topic: str) -> list[TopicPartition]:
        return [TopicPartition(topic, partition, OFFSET_BEGINNING) for partition in self.partitions(topic)]

    def a_while_ago(self, topic: str) -> list[TopicPartition]:
        """Where the records of a while ago begin, or the topic ends now."""
        partitions = self.partitions(topic)
        # In this order: what comes between the two questions is found by the second.
        ends = [self.consumer.get_watermark_offsets(TopicPartition(topic, number), ANSWER_SECONDS)[1]
                for number in partitions]
        moment = int((time.time() - LOOKING_BACK_SECONDS) * 1000)
        asked = [TopicPartition(topic, number, moment) for number in partitions]
        found = self.consumer.offsets_for_times(asked, ANSWER_SECONDS)
        return [TopicPartition(topic, place.partition, place.offset if place.offset >= 0 else end)
                for place, end in zip(found, ends)]

    def read(self, start: list[TopicPartition], until_end: bool):
        """Every record from these places on; with until_end, up to where each partition ends."""
        self.consumer.assign(start)
        open_partitions = {(place.topic, place.partition) for place in start}
        while open_partitions or not until_end:
            message = self.consumer.poll(1.0)
            if message is None:
                continue
            error = message.error()
            if error is None:
                yield Record(message.topic(), message.partition(), message.offset(), message.key(),
                             message.headers() or [], message.value())
            elif error.code() == KafkaError._PARTITION_EOF:
                open_partitions.discard((message.topic(), message.partition()))
            elif error.fatal() or error.code() in HOPELESS:
                raise KafkaException(error)
            else:
                print(f"going on after: {error}", file=sys.stderr)


def show(record: Record, what: str) -> None:
    line = {"topic": record.topic, "partition": record.partition, "offset": record.offset}
    line["epoch"], line["position"] = record.place
    line |= {"type": record.header("ce_type"), "subject": record.header("ce_subject")}
    print(json.dumps(line | {what: json.loads(record.value)}, ensure_ascii=False), flush=True)


def follow(arguments: argparse.Namespace, fits) -> None:
    reader = Reader(arguments.brokers)
    keys, key_events = f"{arguments.prefix}.keys.v1", f"{arguments.prefix}.key-events.v1"
    start = reader.beginning(key_events) if arguments.from_beginning else reader.a_while_ago(key_events)

    # What every key is. Where compaction has not come by yet, a key has several records, and the last one holds.
    facts = {}
    for record in reader.read(reader.beginning(keys), until_end=True):
        if record.value is None:
            # The key never was: the log was restored from before it.
            facts.pop(record.key, None)
        elif fits(record):
            facts[record.key] = record
    for record in facts.values():
        show(record, "facts")

    # What happens to it from there on; with --from-beginning, everything that ever happened.
    last = {}
    for record in reader.read(start, arguments.until_end):
        # That the log was restored is no event of it, and everybody has to know where.
        if record.header("ce_type") != "keyledger.LogRestored.v1" and not fits(record):
            continue
        known = last.get(record.partition, (0, 0))
        if not arguments.from_beginning and record.key in facts:
            known = max(known, facts[record.key].place)
        # Whoever keeps results keeps `last` with them, in one transaction, and goes on from there after a restart.
        if record.place > known:
            last[record.partition] = record.place
            show(record, "body")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--brokers", required=True, help="bootstrap servers, with commas between")
    parser.add_argument("--prefix", default="keyledger", help="how the names of the topics begin")
    parser.add_argument("--from-beginning", action="store_true", help="read every event, not only what is new")
    parser.add_argument("--until-end", action="store_true", help="end where the topics end")
    parser.add_argument("--validate", action="store_true", help="check each record; exit with 1 where one is wrong")
    arguments = parser.parse_args()
    if not arguments.validate:
        follow(arguments, lambda record: True)
        return 0
    from validation import Validation
    validation = Validation()
    follow(arguments, validation.fits)
    print(f"{validation.checked} records checked, {validation.wrong} wrong", file=sys.stderr)
    return 1 if validation.wrong else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KafkaException as error:
        sys.exit(f"cannot read from Kafka: {error.args[0]}")
    except KeyboardInterrupt:
        sys.exit(130)
