"""Whatever a record can say has a number of its own in accounting (RFC 2866 §5.1, §5.10)."""

from dataclasses import replace

from pdngw_proxy.aaa_link.radius_accounting import accounting_attributes
from pdngw_proxy.aaa_link.records import EndedBy, Moment, SessionRecord, Usage
from tests.pdngw_proxy.aaa_link.test_radius_accounting import NAS, STOP, values


def number(record: SessionRecord, name: str) -> int:
    (value,) = values(accounting_attributes(record, NAS, (), at=0, delay=0), name)
    return int.from_bytes(value, "big")


def test_every_moment_of_a_session_can_be_told() -> None:
    told = {moment: number(replace(STOP, moment=moment), "Acct-Status-Type") for moment in Moment}
    assert told == {Moment.START: 1, Moment.STOP: 2, Moment.INTERIM: 3}


def test_whoever_has_ended_a_session_can_be_told() -> None:
    told = {end: number(replace(STOP, ended_by=end), "Acct-Terminate-Cause") for end in EndedBy}
    assert told == {
        EndedBy.UE: 1, EndedBy.SILENCE: 2, EndedBy.TIMEOUT: 5, EndedBy.AAA: 6, EndedBy.GATEWAY: 7, EndedBy.FAULT: 9,
        EndedBy.ANOTHER: 10, EndedBy.UNUSED: 15,
    }  # fmt: skip


def test_session_that_has_carried_nothing_says_so() -> None:
    silent = replace(STOP, usage=Usage())
    for name in ("Acct-Input-Octets", "Acct-Output-Octets", "Acct-Input-Packets", "Acct-Output-Packets"):
        assert number(silent, name) == 0
