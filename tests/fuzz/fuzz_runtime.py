"""Parsers of the runtime floor."""

from collections.abc import Callable

from runtime import pcapng

SEED = (
    pcapng.section_header()
    + pcapng.interface_description("aaa")
    + pcapng.enhanced_packet(0, 1_700_000_000_123_456_789, b"\x45abcde", comment="note")
)

ENTRIES: dict[str, tuple[Callable[[bytes], object], tuple[bytes, ...]]] = {
    "runtime.pcapng.parse": (pcapng.parse, (SEED,)),
}
