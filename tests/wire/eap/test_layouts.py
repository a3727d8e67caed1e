"""What is read again by its layout is what is read in full, or is not read at all."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.captures import load_runs
from wire.eap import layouts
from wire.eap.aka import AkaMessage
from wire.eap.attributes import At, Attribute, Attributes
from wire.eap.constants import Subtype
from wire.eap.layouts import MOST, read_again, remember
from wire.eap.packet import EapCode
from wire.errors import DecodeError
from wire.identity import EapMethod
from wire.secret import Secret

AKA, PRIME = EapMethod.AKA, EapMethod.AKA_PRIME
K_AUT = Secret(bytes(32))
ANSWERS = [octets for run in load_runs() for exchange in run.exchanges for octets in exchange.responses]


@pytest.fixture(autouse=True)
def _nothing_is_remembered() -> Iterator[None]:
    layouts._layouts.clear()
    yield
    layouts._layouts.clear()


def answer(*more: Attribute, res: bytes = bytes(8), method: EapMethod = AKA, identifier: int = 2) -> AkaMessage:
    items = Attributes((Attribute(At.RES, res), *more))
    message = AkaMessage(EapCode.RESPONSE, identifier, method, Subtype.CHALLENGE, items)
    return AkaMessage.parse(message.build(K_AUT))


def in_full(octets: bytes) -> AkaMessage | None:
    try:
        return AkaMessage.parse(octets)
    except DecodeError:
        return None


def same(one: AkaMessage, other: AkaMessage | None) -> bool:
    """All of it, what a comparison passes over as well."""
    if other is None:
        return False
    kinds = [type(item) for item in one.attributes], [type(item) for item in other.attributes]
    more = (one.octets, one.attributes.mac_at) == (other.octets, other.attributes.mac_at)
    return one == other and more and kinds[0] == kinds[1]


def test_nothing_is_read_before_its_layout_was() -> None:
    assert read_again(answer().octets) is None
    assert read_again(b"") is None


@pytest.mark.parametrize("method", [AKA, PRIME])
@pytest.mark.parametrize("res", [bytes(4), bytes(7), bytes(8), bytes(16)])
def test_another_answer_in_the_layout_is_read_as_it_is_in_full(method: EapMethod, res: bytes) -> None:
    checkcode, result = Attribute(At.CHECKCODE, bytes(20)), Attribute(At.RESULT_IND)
    remember(answer(checkcode, result, res=res, method=method))
    other = answer(
        Attribute(At.CHECKCODE, b"\1" * 20), result, res=bytes(range(len(res))), method=method, identifier=255
    )
    again = read_again(other.octets)
    assert again is not None
    assert same(again, other)
    assert again.mac_is_genuine(K_AUT)


def test_every_octet_of_captured_answers_matters_as_much_as_in_full() -> None:
    remembered = 0
    for octets in ANSWERS:
        message = in_full(octets)
        if message is None or message.subtype is Subtype.IDENTITY:
            continue
        remember(message)
        again = read_again(octets)
        if again is None:
            continue
        remembered += 1
        assert same(again, message)
        for at in range(len(octets)):
            for other in (0, 1, octets[at] ^ 1, octets[at] ^ 0x80, 255):
                changed = octets[:at] + bytes((other,)) + octets[at + 1 :]
                found = read_again(changed)
                assert found is None or same(found, in_full(changed))
        assert read_again(octets + b"\0") is None
        assert read_again(octets[:-1]) is None
    assert remembered == 6


@given(st.lists(st.sampled_from([At.RES, At.CHECKCODE, At.RESULT_IND, 200, At.MAC]), max_size=6), st.data())
def test_any_two_messages_of_one_layout_agree(kinds: list[int], data: st.DataObject) -> None:
    lengths = {At.RES: (4, 5, 8, 16), At.CHECKCODE: (0, 20, 32), At.RESULT_IND: (0,), 200: (2, 6), At.MAC: (16,)}
    sizes = [data.draw(st.sampled_from(lengths[At(kind) if kind != 200 else 200])) for kind in kinds]

    def drawn() -> bytes:
        items = [
            Attribute(kind, data.draw(st.binary(min_size=n, max_size=n))) for kind, n in zip(kinds, sizes, strict=True)
        ]
        body = Attributes(tuple(items)).build()
        length = 8 + len(body)
        return bytes((2, data.draw(st.integers(0, 255)), length >> 8, length & 255, 23, 1, 0, 0)) + body

    first, second = drawn(), drawn()
    message = in_full(first)
    if message is not None:
        remember(message)
        again = read_again(second)
        assert again is not None
        assert same(again, in_full(second))
    layouts._layouts.clear()


def test_value_with_more_room_than_it_needs_is_always_read_in_full() -> None:
    plain = answer(res=bytes(16)).octets
    roomy = AkaMessage.parse(plain[:10] + (64).to_bytes(2, "big") + plain[12:])
    assert roomy.attributes.get(At.RES) == bytes(8)
    remember(roomy)
    assert read_again(roomy.octets) is None


@pytest.mark.parametrize(
    "message",
    [
        AkaMessage(EapCode.RESPONSE, 1, AKA, Subtype.IDENTITY, Attributes((Attribute(At.IDENTITY, b"0"),))),
        AkaMessage(
            EapCode.REQUEST, 1, AKA, Subtype.NOTIFICATION, Attributes((Attribute.number(At.NOTIFICATION, 16384),))
        ),
    ],
    ids=["whose identities have any length", "that is a request"],
)
def test_message_is_not_remembered(message: AkaMessage) -> None:
    octets = message.build()
    remember(AkaMessage.parse(octets))
    assert read_again(octets) is None


def test_who_invents_layouts_has_no_more_of_them_kept() -> None:
    for number in range(3 * MOST):
        remember(answer(Attribute(200, bytes(2 + 4 * number))))
        assert len(layouts._layouts) <= MOST
    remember(answer())
    assert read_again(answer(identifier=9).octets) is not None
