"""What an operator asks of sessions and clients, against a NAS that the test is."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from aaa import commands
from aaa.commands import SessionRefused, change, disconnect, find_clients, find_failures, find_sessions
from aaa.ledger import open_shared
from aaa.radius.dynamic import FOREVER
from hss.session_api import ClientSeen, SessionQuery
from hss.sessions.ledger import open_ledger
from hss.store.schema import upgrade
from runtime.config import ConfigError, RawConfig, read_config
from runtime.udp import UdpEndpoint
from tests.aaa.radius.test_dynamic import SECRET, Nas
from tests.hss.sessions.events import CLASS, IMSI, granted, start, stop
from tests.hss.sessions.test_failures import failed
from wire.radius.exchange import Timers
from wire.radius.packet import Attribute, Code

pytestmark = pytest.mark.stack

NOW = datetime.now(UTC)


def config(folder: Path, coa: str) -> RawConfig:
    """One client, `lab`, on a database of the AAA server's own."""
    (folder / "radius.secret").write_bytes(SECRET)
    (folder / "radius.secret").chmod(0o600)
    path = folder / "akadia.toml"
    path.write_text(
        '[aaa]\norigin_host="a"\norigin_realm="b"\ndatabase="aaa.sqlite"\n[aaa.radius]\nauth="127.0.0.1:0"\n'
        '[[aaa.radius.client]]\nname="lab"\nnetwork="127.0.0.0/8"\nsecret_file="radius.secret"\n'
        f'coa="{coa}"\n[[aaa.radius.client]]\nname="new"\nnetwork="::1/128"\nsecret_file="radius.secret"\n'
    )
    return read_config(path)


@pytest.fixture(name="nas")
async def _nas(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Nas:
    monkeypatch.setattr(commands, "_TIMERS", Timers(irt=0.02, mrd=0.1))
    upgrade(tmp_path / "aaa.sqlite")
    async with open_ledger(tmp_path / "aaa.sqlite") as ledger:
        await ledger.grant(granted())
        await ledger.record(start())
        await ledger.record(stop(5, session="0002"))
        await ledger.record(replace(stop(5, session="0003"), end_cause=None))
        await ledger.seen((ClientSeen("lab", 5, 1, NOW, NOW), ClientSeen("gone", 5, 1, NOW, NOW)))
    return Nas("127.0.0.1")


@pytest.fixture(name="raw")
def _raw(tmp_path: Path, nas: Nas) -> RawConfig:
    host, port = nas.endpoint.local
    return config(tmp_path, f"{host}:{port}")


async def test_failures_are_found_and_missed_with_a_hint(tmp_path: Path) -> None:
    upgrade(tmp_path / "aaa.sqlite")
    raw = config(tmp_path, "127.0.0.1:1")
    async with open_shared(raw, "aaa.sqlite") as shared:
        await shared.failures.keep((failed("1f2e"),))
    assert await find_failures(raw, "1f2e", 1) == (failed("1f2e"),)
    with pytest.raises(SessionRefused, match="the last 10000 of 30 days"):
        await find_failures(raw, "ffff", 1)


async def test_sessions_and_clients_are_found(raw: RawConfig, nas: Nas) -> None:
    (session,) = await find_sessions(raw, SessionQuery())
    assert (session.imsi, session.radius_class) == (IMSI, CLASS)
    assert [(one.client, one.unprotected) for one in await find_clients(raw)] == [("lab", 1), ("new", 0)]
    nas.endpoint.close()


async def test_session_is_disconnected_and_changed(raw: RawConfig, nas: Nas) -> None:
    nas.code = Code.DISCONNECT_ACK
    assert (await disconnect(raw, 1)).imsi == IMSI
    nas.code = Code.COA_ACK
    await change(raw, 1, [Attribute.of("Session-Timeout", 60)])
    assert [octets[0] for octets in nas.asked] == [Code.DISCONNECT_REQUEST, Code.COA_REQUEST]
    nas.endpoint.close()


async def test_time_that_the_nas_was_told_is_that_of_the_session(raw: RawConfig, nas: Nas) -> None:
    nas.code = Code.COA_ACK
    for name, told, kept in (("Session-Timeout", 60, 60), ("Idle-Timeout", 9, 60), ("Session-Timeout", FOREVER, None)):
        await change(raw, 1, [Attribute.of(name, told)])
        assert (await find_sessions(raw, SessionQuery()))[0].session_timeout == kept
    nas.endpoint.close()


@pytest.mark.parametrize(
    ("number", "code", "cause", "said"),
    [
        (9, None, 0, "there is no session 9"),
        (2, None, 0, r"session 2 has ended \(user-request\)"),
        (3, None, 0, r"session 3 has ended \(no cause given\)"),
        (1, Code.DISCONNECT_NAK, 501, r"refuses for session 1: administratively prohibited \(501\)"),
        (1, None, 0, "no answer to .* is coa of its"),
    ],
)
async def test_what_is_not_done_says_why(
    raw: RawConfig, nas: Nas, number: int, code: Code | None, cause: int, said: str
) -> None:
    nas.code, nas.cause = code, cause
    with pytest.raises(SessionRefused, match=said):
        await disconnect(raw, number)
    nas.endpoint.close()


@pytest.mark.parametrize("code", [Code.DISCONNECT_NAK, Code.COA_NAK])
async def test_session_that_the_nas_does_not_know_counts_as_ended(raw: RawConfig, nas: Nas, code: Code) -> None:
    nas.code, nas.cause = code, 503
    with pytest.raises(SessionRefused, match="counts as ended now"):
        await (disconnect(raw, 1) if code == Code.DISCONNECT_NAK else change(raw, 1, []))
    assert await find_sessions(raw, SessionQuery()) == ()
    nas.endpoint.close()


async def test_client_that_is_gone_and_radius_that_is_not_there(tmp_path: Path, nas: Nas) -> None:
    path = tmp_path / "akadia.toml"
    path.write_text('[aaa]\norigin_host="a"\norigin_realm="b"\ndatabase="aaa.sqlite"\n')
    with pytest.raises(ConfigError, match=r"no \[aaa.radius\]"):
        await find_clients(read_config(path))
    path.write_text(path.read_text() + '[aaa.radius]\nauth="127.0.0.1:0"\n')
    with pytest.raises(SessionRefused, match="client lab is not in the configuration"):
        await disconnect(read_config(path), 1)
    assert isinstance(nas.endpoint, UdpEndpoint)
    nas.endpoint.close()
