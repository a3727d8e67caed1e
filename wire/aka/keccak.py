"""The permutation Keccak-f[1600] (FIPS 202 §3.3)."""

from wire.errors import EncodeError

STATE_LENGTH = 200
"""Octets of a state: 25 lanes of 64 bits, the lowest octet first."""

_ROUNDS = 24
_MASK = (1 << 64) - 1


def _round_constants() -> tuple[int, ...]:
    """RC of ι: bit 2^j - 1 of round i is rc(j + 7i), the output of a shift register (FIPS 202 §3.2.5)."""
    register, bits = 1, []
    for _ in range(7 * _ROUNDS):
        bits.append(register & 1)
        register = (register << 1) ^ (0x171 if register & 0x80 else 0)
    return tuple(sum(bits[7 * i + j] << (1 << j) - 1 for j in range(7)) for i in range(_ROUNDS))


def _moves() -> tuple[tuple[int, int], ...]:
    """Where π takes each lane from, and by how many bits ρ rotates it: lane 5y + x (FIPS 202 §3.2.2, §3.2.3)."""
    offsets = {0: 0}
    x, y = 1, 0
    for t in range(24):
        offsets[5 * y + x] = (t + 1) * (t + 2) // 2 % 64
        x, y = y, (2 * x + 3 * y) % 5
    sources = (5 * x + (x + 3 * y) % 5 for y in range(5) for x in range(5))
    return tuple((source, offsets[source]) for source in sources)


_CONSTANTS = _round_constants()
_MOVES = _moves()


def permute(state: bytes, times: int = 1) -> bytes:
    """`state` of 200 octets after `times` applications of the permutation; EncodeError for another length."""
    if len(state) != STATE_LENGTH:
        raise EncodeError(f"a state of Keccak-f[1600] has {STATE_LENGTH} octets")
    lanes = [int.from_bytes(state[at : at + 8], "little") for at in range(0, STATE_LENGTH, 8)]
    for _ in range(times):
        for constant in _CONSTANTS:
            lanes = _round(lanes, constant)
    return b"".join(lane.to_bytes(8, "little") for lane in lanes)


def _round(lanes: list[int], constant: int) -> list[int]:
    """θ, ρ, π, χ, ι (FIPS 202 §3.2)."""
    parity = [lanes[x] ^ lanes[x + 5] ^ lanes[x + 10] ^ lanes[x + 15] ^ lanes[x + 20] for x in range(5)]
    effect = [parity[x - 1] ^ _rotate(parity[(x + 1) % 5], 1) for x in range(5)]
    moved = [_rotate(lanes[source] ^ effect[source % 5], bits) for source, bits in _MOVES]
    mixed = [
        moved[row + x] ^ (~moved[row + (x + 1) % 5] & moved[row + (x + 2) % 5])
        for row in range(0, 25, 5)
        for x in range(5)
    ]
    mixed[0] ^= constant
    return mixed


def _rotate(lane: int, bits: int) -> int:
    return (lane << bits | lane >> 64 - bits) & _MASK
