"""FreeRADIUS keeps in SQL, by its own queries, the sessions that a load tells of: all of them, and all of each."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace

import pytest

from tests.bench.cards import imsi_of
from tests.bench.freeradius_site import lacks, serving_freeradius
from tests.bench.lives import Tell
from tests.bench.workplace import QUICK, Workplace

pytestmark = [pytest.mark.interop, pytest.mark.timeout(180)]

CARDS = 2
"""So few sessions at once, because its threads are in each other's way at SQLite."""


def test_every_session_is_in_their_table_whole(foreign_peer: Callable[[str], str]) -> None:
    foreign_peer("freeradius")
    assert not lacks("sqlite"), "Debian's package of the peer has its module of SQLite"
    users = {str(imsi_of(number)): (f"0{imsi_of(number)}@realm", f"c1a55{number:03d}") for number in range(CARDS)}
    with (
        Workplace(replace(QUICK, seconds=2.0)) as workplace,
        serving_freeradius(workplace, "sqlite", busy_timeout=10_000) as server,
    ):
        tell = Tell(workplace, server, users)
        told = tell()
        path = workplace.folder / "freeradius-sqlite10000" / "radius.db"
        with closing(sqlite3.connect(path)) as table:
            rows = table.execute(
                "SELECT username, nasipaddress, acctsessiontime, acctinputoctets, acctoutputoctets, acctterminatecause,"
                " framedipaddress, acctstoptime IS NOT NULL FROM radacct"
            ).fetchall()
    assert (told.failed, tell.failures) == (0, {})
    # those of the warm-up are there as well
    assert len(rows) * 3 >= told.operations > CARDS
    assert {row[0] for row in rows} == {name for name, _ in users.values()}
    assert {row[1:6] for row in rows} == {("127.0.0.1", 1200, 60_000_000, 2_200_000_000, "User-Request")}
    assert {row[6] for row in rows} == {f"10.0.0.{number}" for number in range(CARDS)}
    assert all(row[7] for row in rows)
