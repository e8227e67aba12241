"""Damage to put between records, and reading what has it."""

import random
import warnings

import tfevents
from eventfiles import event, field, header, record, scalar, scalars, text, wire_event

GARBAGE = random.Random(5).randbytes(3000)
BEFORE, AFTER = scalars("x", range(5)), scalars("x", range(5, 10))


def around(middle):
    return b"".join(map(record, BEFORE)) + middle + b"".join(map(record, AFTER))


def bad_crc(payload):
    raw = bytearray(record(payload))
    raw[-1] ^= 1
    return bytes(raw)


DAMAGE = {
    "zeros": bytes(1000),
    "one zero": b"\0",
    "eleven zeros": bytes(11),
    "garbage": GARBAGE,
    "a byte of garbage": b"g",
    "text": b"Traceback (most recent call last):\n" * 30,
    "a bad payload checksum": bad_crc(event(99, scalar("x", 99))),
    "a bad length checksum": b"\x01" + record(event(99, scalar("x", 99)))[1:],
    "length 2^40": header(1 << 40) + bytes(50),
    "length 2^62": header(1 << 62) + bytes(50),
    "length 2^63": header(1 << 63) + bytes(50),
    "length 2^64 - 1": header((1 << 64) - 1) + bytes(50),
    "length 2^64 - 16": header((1 << 64) - 16),
    "a torn header": header(50)[:7],
    "a torn record that claims more than there is": header(5000) + b"\x09" * 30,
    "a torn record that claims some of what follows": record(event(99, text("t", "x" * 300)))[:60],
    "no proto": record(b"\xff\xff\xff"),
    "a proto cut off": record(event(99, scalar("x", 99))[:-2]),
    "a tag that is no UTF-8": record(wire_event(99, field(1, b"\xff\xfe") + b"\x15\0\0\0\0")),
    "a field of the wrong wire type": record(field(1, 5) + field(5, b"\x0a\x02\x0a\x00")),
    "a version that is no UTF-8": record(field(3, b"\xc3")),
    "field number 0": record(b"\x00\x01"),
    "a length beyond the message": record(field(5, b"\x0a\x7fx")),
    "an endless varint": record(b"\x10" + b"\xff" * 11),
}


def quietly(read, *args, **options):
    """What `read` returns; whether it warns of damage is tested elsewhere."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", tfevents.DamageWarning)
        return read(*args, **options)


def damage(path):
    rows = tfevents.open(path).damage().to_arrow().to_pylist()
    return [(row["offset"], row["length"]) for row in rows]
