"""One keyring for all processes, kept up by whichever looks first."""

import asyncio
from functools import partial
from random import Random

import pytest
from structlog.testing import capture_logs

from aaa.identities.epochs import Keyring, KeyringRefused
from aaa.identities.shared_keyring import DELAY, SharedKeyring, Upkeep, change_shared, read_shared
from aaa.ledger import SharedStore
from hss.active_api import KeyEpochs, StoredEpochs
from hss.keys.identity_epochs import SqlKeyEpochs
from hss.keys.vault import KEY_VERSION, Vault
from hss.session_api import LedgerUnavailable
from tests.aaa.eap.dialogue import IMSI
from tests.aaa.identities.keyrings import KEYRING, NOW
from wire.secret import Secret


def epochs_of(shared: SharedStore) -> KeyEpochs:
    vault = Vault({KEY_VERSION: Secret(bytes(32))}, random=Random(1).randbytes)
    return SqlKeyEpochs(shared.database, vault)


class Server:
    """A process, and its clock."""

    def __init__(self, shared: SharedStore, upkeep: Upkeep | None = None, seed: int = 1) -> None:
        self.now = NOW
        self.keyring = SharedKeyring(
            epochs_of(shared), now=lambda: self.now, random=Random(seed).randbytes, upkeep=upkeep
        )

    async def after(self, seconds: int = 0) -> Keyring:
        """The keyring, looked at so much later."""
        self.now += seconds
        await self.keyring.look()
        return self.keyring()


async def test_first_epoch_is_made_once_whoever_begins(shared: SharedStore) -> None:
    servers = [Server(shared, seed=seed) for seed in range(4)]
    keyrings = await asyncio.gather(*(server.after() for server in servers))
    again = [await server.after() for server in servers]
    assert len({keyring.epochs for keyring in again}) == 1
    assert again[0].epochs in [keyring.epochs for keyring in keyrings]
    assert again[0].sealing(NOW) is not None


async def test_server_learns_of_a_change_without_beginning_anew(shared: SharedStore) -> None:
    server = Server(shared)
    first = await server.after()
    changed = await change_shared(epochs_of(shared), lambda before: before.rotated(Secret(bytes(32)), NOW, 60))
    revoked = await change_shared(epochs_of(shared), lambda before: before.revoking(IMSI, NOW))
    with capture_logs() as lines:
        assert await server.after() == revoked
        assert await server.after() == revoked
    assert (len(first.epochs), len(changed.epochs), revoked.is_revoked(IMSI, NOW)) == (1, 2, True)
    assert [(line["event"], line["epochs"], line["revoked"]) for line in lines] == [("identity keys read", 2, 1)]


async def test_epochs_come_and_go_by_the_clock(shared: SharedStore) -> None:
    one, other = (Server(shared, Upkeep(every=1000, age=3000)) for _ in range(2))
    await one.after()
    assert len((await one.after(999)).epochs) == 1
    second = await one.after(1)
    assert [epoch.not_before for epoch in second.epochs] == [NOW, NOW + 1000 + DELAY]
    other.now = one.now
    assert await other.after() == second
    for _ in range(3):
        await other.after(1000 + DELAY)
    last = await other.after(1000 + DELAY)
    assert [epoch.retired for epoch in last.epochs] == [True, True, False, False, False, False][-len(last.epochs) :]
    assert last.sealing(other.now) is not None
    assert await read_shared(epochs_of(shared)) == last


async def test_what_the_keyring_refuses_is_refused(shared: SharedStore) -> None:
    with pytest.raises(KeyringRefused, match="epoch 7 is not there"):
        await change_shared(epochs_of(shared), lambda before: before.retiring(7, NOW))


async def test_nobody_undoes_what_another_changes_at_the_same_moment(shared: SharedStore) -> None:
    await change_shared(epochs_of(shared), lambda _: KEYRING)
    imsis = [IMSI, type(IMSI)("001010000000009")]
    await asyncio.gather(
        *(change_shared(epochs_of(shared), partial(Keyring.revoking, imsi=imsi, now=NOW)) for imsi in imsis)
    )
    assert set((await read_shared(epochs_of(shared))).revoked) == set(imsis)


class Contended:
    """Somebody else is always quicker."""

    async def read(self) -> StoredEpochs:
        return StoredEpochs()

    async def change(self, before: StoredEpochs, after: StoredEpochs) -> bool:
        assert before != after
        return False


async def test_change_that_never_comes_through_is_told() -> None:
    with pytest.raises(LedgerUnavailable, match="try again"):
        await change_shared(Contended(), lambda _: KEYRING)
