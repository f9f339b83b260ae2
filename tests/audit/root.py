"""Recomputes the root of a keyledger log from exported events, with nothing but Python's own library.

    root.py EVENTS CHECKPOINT

EVENTS is what `keyledger audit export` wrote, CHECKPOINT a checkpoint. The first events, as many as the checkpoint covers, are
hashed as RFC 6962 (2.1) says, and the root is compared. Whose signature the checkpoint has is not looked at here: it may come
from elsewhere, and then says by itself what the past was. Exit status 1 where the roots differ.
"""

import base64
import hashlib
import sys


def leaf_hash(leaf: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def root(leaves: list[bytes]) -> bytes:
    """The tree's root: a perfect tree on the left, as large as it can be, and the rest on the right."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaf_hash(leaves[0])
    left = 1 << ((len(leaves) - 1).bit_length() - 1)
    return node_hash(root(leaves[:left]), root(leaves[left:]))


def public_part(line: bytes) -> bytes:
    """The bytes that were signed: they are in the line as they are, and must not be written anew."""
    begin = line.index(b'"event":') + len(b'"event":')
    return line.rstrip(b"\n")[begin:-1]


def main() -> int:
    events_file, checkpoint_file = sys.argv[1:]
    with open(checkpoint_file, encoding="utf-8") as file:
        origin, size, expected = file.read().split("\n")[:3]
    with open(events_file, "rb") as file:
        leaves = [public_part(line) for line in file]
    if len(leaves) < int(size):
        print(f"the checkpoint covers {size} events, and only {len(leaves)} are here: the end is missing", file=sys.stderr)
        return 1
    found = base64.b64encode(root(leaves[: int(size)])).decode()
    if found != expected:
        print(f"the first {size} events have the root {found}, and the checkpoint says {expected}", file=sys.stderr)
        return 1
    print(f"{origin}: {size} events, root {found}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
