"""Speaks to the stand-in as a client of somebody else's does, and tells what it gets, a line of JSON each.

    another_client.py URI write        appends to the stream orders-1, rightly, wrongly and again, and reads it
    another_client.py URI follow N     follows the log's streams until it has seen N events, over lost lines
"""

import json
import os
import sys
from uuid import UUID

from kurrentdbclient import KurrentDBClient, NewEvent, StreamState
from kurrentdbclient.exceptions import GrpcError, WrongCurrentVersionError


def tell(**what):
    print(json.dumps(what), flush=True)


def told(event):
    return {
        "id": str(event.id),
        "stream": event.stream_name,
        "revision": event.stream_position,
        "type": event.type,
        "data": event.data.decode(),
        "metadata": event.metadata.hex(),
        "commit": event.commit_position,
    }


def write(client):
    first, second, third, fourth = (NewEvent(id=UUID(int=n), type="Order", data=b"{}") for n in range(1, 5))

    def append(what, events, current_version):
        try:
            commit = client.append_to_stream("orders-1", events=events, current_version=current_version)
            tell(what=what, commit=commit)
        except WrongCurrentVersionError as error:
            tell(what=what, wrong=True, actual=None if error.actual_version is StreamState.NO_STREAM else error.actual_version)

    # One event is appended by one call of the protocol, several by another.
    append("too early", first, 0)
    append("first", first, StreamState.NO_STREAM)
    append("two more", [second, third], 0)
    append("first again", first, StreamState.NO_STREAM)
    append("two again", [second, third], 0)
    append("too late", fourth, 0)
    append("too late, as several", [fourth], 1)
    for event in client.get_stream("orders-1"):
        tell(**told(event))


def follow(client, count):
    position = None
    while count:
        try:
            with client.subscribe_to_all(
                commit_position=position, filter_include=["key-.*", "catalogue"], filter_by_stream_name=True
            ) as events:
                for event in events:
                    tell(**told(event))
                    position, count = event.commit_position, count - 1
                    if not count:
                        break
        except GrpcError as error:
            tell(lost=type(error).__name__)


_, uri, task, *rest = sys.argv
client = KurrentDBClient(uri=uri)
{"write": write, "follow": follow}[task](client, *map(int, rest))
# The client waits for ever, when it is thrown away, for a channel whose line was lost.
os._exit(0)
