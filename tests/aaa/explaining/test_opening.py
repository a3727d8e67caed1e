"""Silence is noticed unless other processes may go on and cannot say so."""

from contextlib import AsyncExitStack

import pytest

from aaa.explaining.failed import FailedAttempt
from aaa.explaining.opening import open_silence
from tests.aaa.explaining.test_silence import Rows


class Deaf:
    """`aaa.explaining.failed.Failures` that nobody should tell anything."""

    def heard(self, attempt: FailedAttempt) -> None:
        raise AssertionError(attempt)


@pytest.mark.parametrize(
    ("rows", "is_alone", "is_noticed"), [(Rows(), False, True), (None, True, True), (None, False, False)]
)
async def test_silence_is_noticed_where_it_can_be_known(rows: Rows | None, is_alone: bool, is_noticed: bool) -> None:
    async with AsyncExitStack() as stack:
        silence = open_silence(stack, Deaf(), rows, 60.0, is_alone=is_alone)
        assert (silence is not None) is is_noticed
