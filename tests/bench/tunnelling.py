"""The PDN GW's data: TCP and packets through ESP over two TUN devices, and sessions that do nothing."""

import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from functools import partial

from tests.bench.esp_link import EspLink, esp_link, missing
from tests.bench.gateway_site import MODP_RSA, X25519_ECDSA, Crowd, Suite, gateway_alone
from tests.bench.processes import BenchFailed, cpu_seconds, resident_mb
from tests.bench.rows import Bar, Round, Row
from tests.bench.strongswan_site import lacks_charon, libipsec_link
from tests.bench.workplace import Workplace

Links = Mapping[str, EspLink]

SUITES = (X25519_ECDSA, MODP_RSA)
MEGABITS = 240
"""What TCP reaches through strongSwan's kernel-libipsec with AES-GCM."""
SIZES = (1400, 200)
NAMES = ("", "strongswan-")
"""Ours and theirs, in the names of rows."""
IDLE = 2_000
SESSION_KB = 40
_IDLE_SECONDS = 12
"""So many times as long as a round, because the least that a session does is to look for its UE once a minute."""


def through_esp(workplace: Workplace) -> Iterator[Row]:
    """A download by each kind of ESP, and packets by AES-GCM, beside strongSwan's; nothing without namespaces."""
    reason = missing()
    if reason:
        workplace.tell(f"ESP over TUN devices is left out: {reason}")
        return
    with_charon = lacks_charon()
    if with_charon:
        workplace.tell(f"strongSwan's kernel-libipsec is left out: {with_charon}")
    for suite in SUITES:
        with ExitStack() as running:
            links = {"": running.enter_context(esp_link(workplace.folder, suite))}
            if not with_charon:
                links["strongSwan's "] = running.enter_context(libipsec_link(workplace.folder, suite))
            yield from _downloads(workplace, links, suite)
            if suite is X25519_ECDSA:
                for octets in SIZES:
                    yield from _packets(workplace, links, octets)


def _downloads(workplace: Workplace, links: Links, suite: Suite) -> Iterator[Row]:
    seconds = workplace.effort.seconds
    whats = {f"TCP through {whose}ESP, {suite.esp}, Mbit": link for whose, link in links.items()}
    rounds = workplace.in_turns({what: partial(link.tcp, seconds) for what, link in whats.items()})
    for (what, each), name, bar in zip(rounds.items(), NAMES, (Bar(rate=MEGABITS), Bar()), strict=False):
        yield Row(f"pdngw-tcp-{name}{suite.esp}", what, each, bar, "Mbit/s; CPU of both ends of the tunnel for a Mbit")


def _packets(workplace: Workplace, links: Links, octets: int) -> Iterator[Row]:
    seconds = workplace.effort.seconds
    whats = {f"packets of {octets:,} octets through {whose}ESP": link for whose, link in links.items()}
    rounds = workplace.in_turns({what: partial(link.packets, octets, seconds) for what, link in whats.items()})
    for (what, each), name in zip(rounds.items(), NAMES, strict=False):
        yield Row(f"pdngw-packets-{name}{octets}", what, each, Bar(), "256 under way; CPU of both ends of the tunnel")


def idle(workplace: Workplace) -> Iterator[Row]:
    """Sessions that have a tunnel and send nothing: memory of the PDN GW, and its CPU."""
    count = min(IDLE, workplace.effort.few * 2)
    with gateway_alone(workplace.folder, X25519_ECDSA, count) as site:
        workplace.tell(f"attaches {count:,} UEs that do nothing")
        before = resident_mb(site.gateway)
        crowd = Crowd(site, count)
        if crowd.tally["failed"]:
            raise BenchFailed(f"{crowd.tally['failed']} of {count} UEs failed: {', '.join(crowd.tally['by_cause'])}")
        grown = resident_mb(site.gateway) - before
        used = cpu_seconds((site.gateway,))
        seconds = _IDLE_SECONDS * workplace.effort.seconds
        time.sleep(seconds)
        used = cpu_seconds((site.gateway,)) - used
        crowd.leave()
    one = Round(count, seconds, used, peak_mb=grown)
    remark = f"{grown * 1024 / count:.1f} kB a session; CPU of {seconds:.0f} s, {used / seconds:.1%} of a core"
    yield Row("pdngw-idle", f"{count:,} idle sessions", (one,), Bar(peak_mb=count * SESSION_KB / 1024), remark)
