"""The PDN GW: IKEv2 with EAP-AKA, in the whole chain and alone."""

from collections.abc import Iterator
from functools import partial

from tests.bench.esp_link import missing
from tests.bench.gateway_site import MODP_RSA, X25519_ECDSA, Suite, attaches, gateway_alone, whole_chain
from tests.bench.rows import Bar, Row
from tests.bench.strongswan_site import lacks_charon, strongswan_alone
from tests.bench.workplace import Workplace

SUITES = (MODP_RSA, X25519_ECDSA)
BARS = {MODP_RSA.name: Bar(cpu_us=6_800), X25519_ECDSA.name: Bar(cpu_us=4_000)}
"""What strongSwan took as the gateway of the first, and somewhat more than it took with the second."""
_A_SECOND = 60
_FEWEST = 8


def chain(workplace: Workplace) -> Iterator[Row]:
    """DNS, IKEv2, EAP-AKA over S6b, the HSS on SQLite, Binding Update: what an attach costs the network."""
    for suite in SUITES:
        yield _chain(workplace, suite)


def alone(workplace: Workplace) -> Iterator[Row]:
    """IKEv2 with EAP-AKA and one tunnel, a stub for the AAA server: what an attach costs the PDN GW."""
    for suite in SUITES:
        yield _alone(workplace, suite)


def beside_strongswan(workplace: Workplace) -> Iterator[Row]:
    """strongSwan and ours in turns, before the same stub and the same UEs; nothing where there are no namespaces."""
    reason = missing() or lacks_charon()
    if reason:
        workplace.tell(f"strongSwan as the gateway is left out: {reason}")
        return
    for suite in SUITES:
        yield from _in_turns(workplace, suite)


def _in_turns(workplace: Workplace, suite: Suite) -> Iterator[Row]:
    count = _count(workplace)
    with (
        strongswan_alone(workplace.folder, suite, count) as theirs,
        gateway_alone(workplace.folder, suite, count) as ours,
    ):
        sites = {f"attach, strongSwan, {suite.title}": theirs, f"attach, ours beside it, {suite.title}": ours}
        rounds = workplace.in_turns(
            {what: partial(attaches, site, count, (site.gateway,), workplace.tell) for what, site in sites.items()}
        )
    for name, what in zip(("strongswan", "beside-strongswan"), sites, strict=True):
        remark = f"{count:,} UEs; a stub of an AAA server"
        yield Row(f"pdngw-{name}-{suite.name}", what, rounds[what], Bar(), remark)


def _chain(workplace: Workplace, suite: Suite) -> Row:
    count = _count(workplace)
    with whole_chain(workplace.folder, suite, count) as site:
        what = f"attach and binding, whole chain, {suite.title}"
        rounds = workplace.measured(what, lambda: attaches(site, count, site.chain, workplace.tell))
        remark = f"{count:,} UEs; CPU of PDN GW, AAA server with HSS, and DNS server"
        return Row(f"pdngw-chain-{suite.name}", what, rounds, Bar(), remark)


def _alone(workplace: Workplace, suite: Suite) -> Row:
    count = _count(workplace)
    with gateway_alone(workplace.folder, suite, count) as site:
        what = f"attach, PDN GW alone, {suite.title}"
        rounds = workplace.measured(what, lambda: attaches(site, count, (site.gateway,), workplace.tell))
        return Row(
            f"pdngw-alone-{suite.name}", what, rounds, BARS[suite.name], f"{count:,} UEs; a stub of an AAA server"
        )


def _count(workplace: Workplace) -> int:
    """How many UEs attach in a round."""
    effort = workplace.effort
    return min(max(int(effort.seconds * _A_SECOND), _FEWEST), effort.few)
