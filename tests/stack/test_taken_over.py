"""Two AAA servers with names of their own over SWx at one HSS: it knows one server for a user, and no other serves him.

They share the keys of identities and conversations, and no database.
"""

import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import select

from akadia.laboratory import Laboratory, create
from hss.models import Registration
from hss.store.engines import transaction
from runtime.config import read_config
from tests.lab import akadia
from tests.stack.test_aaa_lost import Daemon, Killing, running, with_alternate
from tests.stack.test_any_worker import second_node
from ue_sim import app
from ue_sim.card import StoredUsim
from ue_sim.shell import UeShell
from ue_sim.usim import Usim

pytestmark = [pytest.mark.stack, pytest.mark.timeout(180)]


@dataclass
class Site:
    """The configurations of both servers, whose Origin-Hosts are `names`."""

    laboratory: Laboratory
    configs: tuple[Path, Path]
    names: tuple[str, str]

    @contextmanager
    def daemon(self, name: str) -> Iterator[Daemon]:
        """One of those that there is once."""
        with running(self.laboratory.config, name, self.laboratory.folder / f"{name}.log") as process:
            yield process

    @contextmanager
    def aaa(self, which: int) -> Iterator[Daemon]:
        """AAA server 1 or 2, for as long as it is needed or lives."""
        with running(self.configs[which - 1], "aaa", self.laboratory.folder / f"aaa{which}.log") as process:
            yield process

    @property
    def card(self) -> StoredUsim:
        """The subscriber's."""
        return StoredUsim(self.laboratory.usim)

    def ue(self, usim: Usim) -> UeShell:
        """The subscriber with that card."""
        settings = app.settings_of(read_config(self.laboratory.config), self.card.imsi)
        return UeShell(settings, usim, on_step=lambda _report: None)

    def registered(self) -> list[str]:
        """Which server the HSS has for him."""
        with transaction(self.laboratory.folder / "akadia.sqlite", read_only=True) as connection:
            return list(connection.scalars(select(Registration.aaa_name)))


@pytest.fixture(name="site")
def _site(tmp_path: Path) -> Site:
    laboratory = create(tmp_path / "lab", hss="swx")
    plan, text = laboratory.plan, laboratory.config.read_text()
    names = plan.host("aaa"), plan.host("aaa2")
    # the HSS knows the second one as it knows the first
    head, first, rest = text.partition("\n[[hss.peer]]")
    peer, end, tail = rest.partition("\n[[hss.peer]]")
    second = peer.replace('"aaa"', '"aaa2"').replace(names[0], names[1])
    text = head + first + peer + first + second + end + tail
    # a gateway that begins anew is what makes him come to the wrong server here, and not what ends his session
    text = text.replace("[[aaa.diameter.peer]]", "[[aaa.diameter.peer]]\nends_sessions_by_restart = false", 1)
    laboratory.config.write_text(text.replace('database = ""', 'database = "aaa1.sqlite"'))
    path, other = second_node(laboratory)
    path.write_text(path.read_text().replace("aaa1.sqlite", "aaa2.sqlite").replace(names[0], names[1]))
    with_alternate(laboratory, other)
    text = laboratory.config.read_text()
    start = text.index("[[pdngw.diameter.alternate]]")
    laboratory.config.write_text(text[:start] + text[start:].replace(names[0], names[1]))
    for config in (laboratory.config, path):
        done = akadia("--config", str(config), "aaa", "upgrade")
        assert done.returncode == 0, done.stderr
    return Site(laboratory, (laboratory.config, path), names)


async def test_user_has_one_server_whoever_is_lost_and_whoever_is_asked(site: Site) -> None:
    with ExitStack() as stack:
        hss, _, pdngw = (stack.enter_context(site.daemon(name)) for name in ("hss", "dns", "pdngw"))
        first, second = (stack.enter_context(site.aaa(which)) for which in (1, 2))
        await hss.until("peer connected", 2)
        await pdngw.until("peer connected", 2)
        async with site.ue(site.card) as before:
            await before.attach()
            assert site.registered() == [site.names[0]]
            async with site.ue(Killing(site.card, first.kill)) as shell:
                await shell.attach()
            assert first.process.returncode == -signal.SIGKILL
            assert second.log.read_text().count("user taken over") == 1
            assert site.registered() == [site.names[1]]
        again = stack.enter_context(site.aaa(1))
        pdngw.kill()
        anew = stack.enter_context(site.daemon("pdngw"))
        await again.until("peer connected", 4)
        await again.until("reason=NEW_SERVER_ASSIGNED")
        await anew.until("peer connected", 4)
        async with site.ue(site.card) as shell:
            await shell.attach()
            assert site.registered() == [site.names[1]]
            assert await shell.detach() == "detached"
        logs = again.log.read_text(), second.log.read_text()
        assert f"server={site.names[1]}" in next(
            line for line in logs[0].splitlines() if "user sent to another" in line
        )
        assert [log.count("authentication accepted") for log in logs] == [1, 2]
        assert "redirected" in anew.log.read_text()
        assert "Traceback" not in "".join(logs) + anew.log.read_text() + hss.log.read_text()
