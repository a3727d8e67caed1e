"""The same SIM and the same client at Debian's hostapd and at our AAA server: they differ where DIVERGENCES.md says."""

import re
import secrets
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from aaa.eap.policy import AkaPolicy
from aaa.identities.epochs import Keyring
from aaa.identities.sealed import Limits, SealedIdentities
from hss.store.schema import upgrade
from tests.aaa.memory_hss import IMSI, PLMN, REALM, MemoryHss, Subscriber, profile
from tests.house.source_tree import ROOT
from tests.interop.hostapd import SECRET as THEIR_SECRET
from tests.interop.hostapd import Site, running_hostapd
from tests.interop.radius_ue import RadiusUe
from tests.interop.recorder import recording
from tests.interop.shapes import Conversation, Difference, conversations, differences
from tests.interop.test_aka_policies import SECRET as OUR_SECRET
from tests.interop.test_aka_policies import serving
from tests.interop.wpa_ctrl import EapolTest, run_eapol_test
from ue_sim.usim import Answer, Outcome, SoftwareUsim, Usim
from wire.identity import EapMethod, Imsi, permanent_nai
from wire.secret import Secret

pytestmark = [pytest.mark.interop, pytest.mark.timeout(400)]

METHODS = {"AKA": EapMethod.AKA, "AKA'": EapMethod.AKA_PRIME}


@dataclass(frozen=True)
class Scenario:
    """What both servers are set to, and what the client does: `times` authentications in a row.

    `identities` as hostapd's eap_sim_id: 0 none, 1 pseudonyms, 3 fast re-authentication as well. `shows` is what
    eapol_test says in EAP-Response/Identity, behind its method's letter. `ahead` is by how much the card is.
    """

    times: int = 1
    result_ind: bool = False
    identities: int = 0
    shows: tuple[str, str] | None = None
    ahead: int = 0
    k: Secret | None = None
    wrong_res: bool = False
    imsi: Imsi = IMSI
    always_asks: bool = True


SCENARIOS = {
    "full": Scenario(),
    "result indication": Scenario(result_ind=True),
    "resynchronisation": Scenario(ahead=70_000),
    "wrong K": Scenario(k=Secret(bytes(16))),
    "wrong RES": Scenario(wrong_res=True),
    "wrong RES and result indication": Scenario(wrong_res=True, result_ind=True),
    "unknown subscriber": Scenario(imsi=Imsi("001010000000099")),
    "pseudonym": Scenario(times=3, identities=1, always_asks=False),
    "unknown pseudonym": Scenario(identities=1, shows=("2", "7"), always_asks=False),
    "re-authentication": Scenario(times=3, identities=3, always_asks=False),
    "re-authentication and result indication": Scenario(times=3, identities=3, result_ind=True, always_asks=False),
    "unknown re-authentication identity": Scenario(identities=3, shows=("4", "8"), always_asks=False),
}


@dataclass(frozen=True)
class Explanation:
    """Why the packets that `said` fits may differ in what `aspect` fits; DIVERGENCES.md tells it under `name`."""

    name: str
    said: str
    aspect: str

    def fits(self, difference: Difference) -> bool:
        """Whether it explains this one."""
        return bool(re.fullmatch(self.said, difference.said) and re.fullmatch(self.aspect, difference.aspect))


ANSWERS = "Access-(Accept|Challenge|Reject) .*"
EXPLANATIONS = (
    Explanation("Message-Authenticator", ANSWERS, "RADIUS order"),
    Explanation("State", "Access-(Request|Challenge) .*", "RADIUS State length"),
    Explanation("Session-Timeout", "Access-(Accept|Challenge) .*", "RADIUS Session-Timeout"),
    Explanation("EAP-Key-Name", "Access-Accept Success", "RADIUS EAP-Key-Name"),
    Explanation("User-Name and Class", "Access-Accept Success", "RADIUS (User-Name|Class)"),
    Explanation("WLAN-Reason-Code", "Access-Reject Failure", "RADIUS WLAN-Reason-Code"),
    Explanation("temporary identities", ".*", "(EAP (AT_ENCR_DATA|AT_IDENTITY)|RADIUS User-Name) length"),
    Explanation("third request for an identity", "Access-Challenge AKA-Notification Request", "what is said"),
    Explanation("identity that is plain", "Access-Challenge AKA-Identity Request", "what is said"),
)


@dataclass
class Liar:
    """A card that answers with another RES."""

    card: Usim

    def authenticate(self, rand: bytes, autn: bytes) -> Outcome:
        outcome = self.card.authenticate(rand, autn)
        return replace(outcome, res=Secret(bytes(8))) if isinstance(outcome, Answer) else outcome


@dataclass
class Run:
    """One scenario with one method, at both servers."""

    scenario: Scenario
    method: str
    site: Site
    folder: Path
    accepted: int = 0

    async def differences(self) -> Iterable[Difference]:
        """Between every conversation of either client, with one server and with the other."""
        self.accepted = self.site.seq if self.scenario.ahead else 0
        theirs = await self._at(("127.0.0.1", self.site.port), THEIR_SECRET)
        async with serving(self.folder, self._hss(), self._policy(), self._identities()) as address:
            ours = await self._at(address, OUR_SECRET)
        return [difference for pair in zip(theirs, ours, strict=True) for difference in differences(*pair)]

    async def _at(self, server: tuple[str, int], secret: str) -> list[Conversation]:
        scenario, method = self.scenario, METHODS[self.method]
        identity = permanent_nai(scenario.imsi, PLMN, method)
        letters = scenario.shows
        shown = "" if letters is None else f"{letters[method is EapMethod.AKA_PRIME]}nobodyknowsthis@{REALM}"
        test = EapolTest(
            self.site.eapol_test, identity, secret, self.method, result_ind=scenario.result_ind,
            reauthentications=scenario.times - 1, timeout=20.0, anonymous=shown,
        )  # fmt: skip
        async with recording(server) as recorder:
            await run_eapol_test(test, *recorder.address, self._card())
            found = conversations(recorder.packets)
            assert len(found) == scenario.times, found
        async with recording(server) as recorder:
            ue = RadiusUe(
                recorder.address, secret.encode(), usim=self._card(), imsi=scenario.imsi, plmn=PLMN, method=method,
                result_ind=scenario.result_ind,
            )  # fmt: skip
            for _ in range(scenario.times):
                await ue.authenticate()
            return found + conversations(recorder.packets)

    def _card(self) -> Usim:
        keys = self.site.known.keys
        # every card is as far ahead of where the one before has brought the HSS
        self.accepted += self.scenario.ahead
        card = SoftwareUsim(self.scenario.k or keys.k, keys.opc, (self.accepted,) * 32)
        return Liar(card) if self.scenario.wrong_res else card

    def _hss(self) -> MemoryHss:
        return MemoryHss(Subscriber(profile(), self.site.known.keys))

    def _policy(self) -> AkaPolicy:
        scenario = self.scenario
        return AkaPolicy(
            allowed=(METHODS[self.method],), result_ind=scenario.result_ind, always_ask_identity=scenario.always_asks
        )

    def _identities(self) -> SealedIdentities:
        kinds = self.scenario.identities
        ring = Keyring().rotated(Secret(secrets.token_bytes(32)), int(time.time()), 0)
        limits = Limits(pseudonyms=bool(kinds & 1), reauthentications=100 if kinds & 2 else 0)
        return SealedIdentities(keyring=lambda: ring, clock=time.time, random=secrets.token_bytes, limits=limits)


async def test_every_difference_is_explained_and_every_explanation_is_needed(
    tmp_path: Path, foreign_peer: Callable[[str], str]
) -> None:
    upgrade(tmp_path / "empty.sqlite")
    needed: set[str] = set()
    unexplained: list[str] = []
    for number, settings in enumerate(sorted({(one.identities, one.result_ind) for one in SCENARIOS.values()})):
        folder = tmp_path / str(number)
        folder.mkdir()
        more = f"eap_sim_id={settings[0]}\neap_sim_aka_result_ind={int(settings[1])}\n"
        with running_hostapd(folder, tmp_path / "empty.sqlite", foreign_peer, more) as site:
            for name, scenario in SCENARIOS.items():
                if (scenario.identities, scenario.result_ind) != settings:
                    continue
                for method in METHODS:
                    for difference in await Run(scenario, method, site, tmp_path).differences():
                        fitting = [one.name for one in EXPLANATIONS if one.fits(difference)]
                        needed.update(fitting)
                        if not fitting:
                            unexplained.append(f"{name}, {method}: {difference}")
    assert unexplained == [], "\n".join(unexplained)
    assert needed == {one.name for one in EXPLANATIONS}, "an explanation explains nothing any more"


def test_every_explanation_is_told() -> None:
    text = (ROOT / "DIVERGENCES.md").read_text(encoding="utf-8")
    section = text.partition("## hostapd as EAP server\n")[2].partition("\n## ")[0]
    told = re.findall(r"^- ([^:]+):", section, re.MULTILINE)
    assert sorted(told) == sorted(one.name for one in EXPLANATIONS)
