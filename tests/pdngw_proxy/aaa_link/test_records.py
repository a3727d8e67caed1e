"""Records are data: what differs is what was counted."""

from pdngw_proxy.aaa_link.records import EndedBy, Usage


def test_session_that_carried_nothing_has_zeros() -> None:
    assert Usage() == Usage(0, 0, 0, 0)


def test_every_end_says_in_words_who_it_was() -> None:
    assert len({end.value for end in EndedBy}) == len(EndedBy)
