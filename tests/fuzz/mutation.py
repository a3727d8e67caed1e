"""Octets changed at random, in the ways that find faults in parsers."""

from random import Random


def mutate(seed: bytes, chance: Random) -> bytes:
    """One to four edits of `seed`: a flipped bit, a set octet, a cut, a doubled or foreign stretch."""
    data = bytearray(seed)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(data) + 1)
        kind = chance.randrange(6)
        if kind == 0 and at < len(data):
            data[at] ^= 1 << chance.randrange(8)
        elif kind == 1 and at < len(data):
            data[at] = chance.choice((0, 1, 0x7F, 0x80, 0xFF))
        elif kind == 2:
            del data[at:]
        elif kind == 3:
            del data[at : at + chance.randint(1, 8)]
        elif kind == 4:
            data[at:at] = data[at : at + chance.randint(1, 64)]
        else:
            data[at:at] = chance.randbytes(chance.randint(1, 16))
    return bytes(data)
