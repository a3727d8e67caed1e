"""Subscribers for a trial: in the store while it runs, and gone after it, whatever happened."""

from pathlib import Path
from random import Random

import pytest
from sqlalchemy import func, select

from akadia.laboratory import create
from akadia.passing_subscribers import passing_subscribers
from hss.config import HssConfig
from hss.models import Subscriber
from hss.provisioning.change import ProvisioningRefused
from hss.provisioning.subscribers import show
from hss.store.engines import transaction
from runtime.config import read_config
from wire.identity import Imsi


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return create(tmp_path / "lab", random=Random(1).randbytes, is_free=lambda _block: True).config


def subscribers(config: Path) -> int:
    with transaction(read_config(config).section("hss", HssConfig).database, read_only=True) as connection:
        return int(connection.scalar(select(func.count()).select_from(Subscriber)) or 0)


def test_subscribers_are_there_with_their_apn_while_the_block_runs(config: Path) -> None:
    added, removed = list[int](), list[int]()
    with passing_subscribers(config, 250, added=added.append, removed=removed.append) as cards:
        assert (len({card.imsi for card in cards}), subscribers(config), added) == (250, 251, [200, 250])
        with transaction(read_config(config).section("hss", HssConfig).database, read_only=True) as connection:
            assert [apn.name for apn in show(connection, cards[-1].imsi).profile.apns] == ["internet"]
        assert removed == []
    assert (subscribers(config), removed) == (1, [200, 250])


def test_subscribers_are_removed_when_the_trial_breaks(config: Path) -> None:
    with (
        pytest.raises(ZeroDivisionError),
        passing_subscribers(config, 3, added=lambda _n: None, removed=lambda _n: None),
    ):
        raise ZeroDivisionError
    assert subscribers(config) == 1


def test_imsis_that_are_taken_are_left_alone(config: Path) -> None:
    def first_ten(length: int) -> bytes:
        return bytes(length)  # the number that all IMSIs begin at: the laboratory's own is among them

    nothing = lambda _n: None  # noqa: E731
    with (
        pytest.raises(ProvisioningRefused, match="free IMSIs in a row were not found"),
        passing_subscribers(config, 10, random=first_ten, added=nothing, removed=nothing),
    ):
        pass
    assert subscribers(config) == 1


def test_more_than_the_network_has_are_refused(config: Path) -> None:
    nothing = lambda _n: None  # noqa: E731
    with (
        pytest.raises(ProvisioningRefused, match="name fewer"),
        passing_subscribers(config, 10**10 + 1, added=nothing, removed=nothing),
    ):
        pass
    assert Imsi("001010000000001")
