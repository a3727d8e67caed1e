from random import Random

from tests.wire.diameter.samples import EAP_DEA, EAP_DER, S6B_DER
from wire.diameter.message import Message
from wire.diameter.transactions import Identifiers, Transactions


def fixed(count: int) -> bytes:
    return b"\xff" * count


def test_processes_of_one_origin_host_begin_anywhere_in_all_32_bits() -> None:
    entropy = Random(1)
    begun = [Identifiers(entropy.randbytes).number(EAP_DER.message()) for _ in range(64)]
    for numbers in ([one.end_to_end for one in begun], [one.hop_by_hop for one in begun]):
        assert all(0 < sum(number >> bit & 1 for number in numbers) < len(numbers) for bit in range(32))


def test_identifiers_never_repeat_and_wrap() -> None:
    identifiers = Identifiers(fixed)
    numbers = [identifiers.number(EAP_DER.message()) for _ in range(3)]
    assert [n.hop_by_hop for n in numbers] == [0, 1, 2]
    assert len({n.end_to_end for n in numbers}) == 3


def test_a_request_sent_again_keeps_its_end_to_end_identifier() -> None:
    identifiers = Identifiers(bytes)
    first = identifiers.number(EAP_DER.message())
    again = identifiers.renumber(first)
    assert again.end_to_end == first.end_to_end
    assert again.hop_by_hop != first.hop_by_hop


def waiting() -> tuple[Transactions[str], Message]:
    transactions: Transactions[str] = Transactions(limit=2)
    request = EAP_DER.message().numbered(hop_by_hop=7, end_to_end=9)
    transactions.sent(request, "caller", until=10.0)
    return transactions, request


def test_an_answer_finds_its_request_once() -> None:
    transactions, request = waiting()
    answer = EAP_DEA.message(request)
    assert transactions.answered(answer) == "caller"
    assert transactions.answered(answer) is None


def test_an_answer_with_other_identifiers_or_command_is_nobodys() -> None:
    transactions, request = waiting()
    answer = EAP_DEA.message(request)
    assert transactions.answered(answer.numbered(hop_by_hop=8, end_to_end=9)) is None
    assert transactions.answered(answer.numbered(hop_by_hop=7, end_to_end=8)) is None
    assert transactions.answered(request) is None
    assert len(transactions) == 1


def test_requests_expire_at_their_deadline() -> None:
    transactions, _ = waiting()
    assert transactions.deadline == 10.0
    assert transactions.expired(9.9) == []
    assert transactions.expired(10.0) == ["caller"]
    assert transactions.deadline is None


def test_no_more_may_wait_than_the_limit() -> None:
    transactions, _ = waiting()
    before = transactions.full
    transactions.sent(S6B_DER.message().numbered(hop_by_hop=8, end_to_end=1), "other", until=5.0)
    assert (before, transactions.full) == (False, True)
    assert transactions.deadline == 5.0


def test_what_is_unanswered_can_be_sent_elsewhere() -> None:
    transactions, request = waiting()
    assert transactions.unanswered() == [(request, "caller", 10.0)]
    assert len(transactions) == 0


def test_abandoned_requests_are_told() -> None:
    transactions, _ = waiting()
    assert transactions.abandon() == ["caller"]
    assert len(transactions) == 0
