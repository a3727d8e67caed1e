"""What is under way on an IKE SA that is up, and the table of where each event leads (RFC 7296 §1.3, §1.4, §2.25)."""

from collections.abc import Callable
from dataclasses import field
from typing import ClassVar

from wire.frozen import dataclass
from wire.ikev2.algorithms import IkeSuite
from wire.ikev2.asking import Asked, ChildWish
from wire.ikev2.child import ChildSa
from wire.ikev2.exchanges import Exchanges, Transmit
from wire.ikev2.granting import ScopeOf
from wire.ikev2.groups import Group, PrivateKey
from wire.ikev2.keys import IkeKeys
from wire.ikev2.nat import Endpoint
from wire.ikev2.payloads.notify import Notify
from wire.ikev2.payloads.sa import Proposal
from wire.sansio import RandomBytes, Tick, Transitions


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifetimes:
    """How long SAs may live, in seconds and octets; None is for ever.

    They are rekeyed by this end after 80 to 90 % of that (RFC 7296 §2.8), and deleted when all of the time is over;
    octets are counted by who carries them. What the peer cannot do for the moment is asked for again after `retry`
    seconds (RFC 7296 §2.25).
    """

    ike: float | None = 14_400.0
    child: float | None = 3_600.0
    octets: int | None = None
    retry: float = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What this end decides. `peer` names the other one in causes; `take_spi` gives inbound ESP SPIs of 4 octets.

    `child_groups` are the Diffie-Hellman groups for Child SAs, the one most wanted first; None among them allows to do
    without. `scope` says what a further Child SA may be for; there are `child_limit` at most, and while they are
    being rekeyed twice as many. After `liveness_interval` seconds of silence the peer is asked whether it is there.
    Where both ends have MOBIKE, who began `leads_moves` and the other `follows_moves` (RFC 4555 §3.5), and with
    `checks_moves` has a COOKIE2 come back from the new place (RFC 4555 §3.7). `seen_at` is where detection of NATs says
    an own endpoint to be.
    """

    peer: str
    random: RandomBytes
    take_spi: Callable[[], bytes]
    scope: ScopeOf
    ike_proposals: tuple[Proposal, ...]
    esp_proposals: tuple[Proposal, ...]
    child_groups: tuple[Group | None, ...]
    child_limit: int
    liveness_interval: float
    lifetimes: Lifetimes
    linger: float = 30.0
    leads_moves: bool = False
    follows_moves: bool = False
    checks_moves: bool = False
    seen_at: Callable[[Endpoint], Endpoint] = lambda local: local


@dataclass(frozen=True, slots=True)
class IkeSa:
    """One IKE SA with its keys."""

    exchanges: Exchanges
    suite: IkeSuite
    keys: IkeKeys

    @property
    def own_spi(self) -> bytes:
        """The SPI that this end chose."""
        return self.exchanges.spi_i if self.exchanges.initiator else self.exchanges.spi_r


# What this end wants: events


@dataclass(frozen=True, slots=True)
class MakeChild:
    """Ask for a further Child SA; answered by ChildReady or NoChild. `group` is the one that the peer insists on."""

    wish: ChildWish
    group: Group | None = None


@dataclass(frozen=True, slots=True)
class RekeyChild:
    """Replace the Child SA with the inbound SPI `spi_in` (RFC 7296 §1.3.3); `group` as in MakeChild."""

    spi_in: int
    group: Group | None = None


@dataclass(frozen=True, slots=True)
class RekeyIke:
    """Replace the IKE SA; Child SAs stay (RFC 7296 §1.3.2). `group` as in MakeChild."""

    group: Group | None = None


@dataclass(frozen=True, slots=True)
class DeleteChildren:
    """Delete Child SAs by their inbound SPIs, all in one request (RFC 7296 §1.4.1)."""

    spis_in: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Ask:
    """See whether the peer is there (RFC 7296 §2.4); with `cookie` whether it is where it says (RFC 4555 §3.7)."""

    cookie: bool = False


@dataclass(frozen=True, slots=True)
class Tell:
    """Say `notify` to the peer, which answers no more than that it has heard (RFC 7296 §1.4)."""

    notify: Notify


@dataclass(frozen=True, slots=True)
class Move:
    """Tell the peer that this end is at `local` now, and speaks to it at `remote` (RFC 4555 §3.5)."""

    local: Endpoint
    remote: Endpoint


@dataclass(frozen=True, slots=True)
class Leave:
    """Delete the IKE SA."""

    cause: str


Order = MakeChild | RekeyChild | RekeyIke | DeleteChildren | Ask | Tell | Move | Leave


@dataclass(frozen=True, slots=True)
class MessageArrived:
    """One datagram of this IKE SA, without a non-ESP marker; where from and to, as far as that is of interest."""

    octets: bytes
    source: Endpoint | None = None
    destination: Endpoint | None = None


UpkeepEvent = Order | MessageArrived | Tick


# What comes of it: effects


@dataclass(frozen=True, slots=True)
class Answer:
    """Send `transmit` to where the last MessageArrived came from."""

    transmit: Transmit


@dataclass(frozen=True, slots=True)
class Genuine:
    """The last MessageArrived was fresh and the peer's; `request` says which of both."""

    request: bool


@dataclass(frozen=True, slots=True)
class Passed:
    """The last MessageArrived was passed over; `cause` is one line."""

    cause: str


@dataclass(frozen=True, slots=True)
class ChildReady:
    """A Child SA is ready in both directions, in place of that with the inbound SPI `replaces`, if any."""

    child: ChildSa
    replaces: int | None = None


@dataclass(frozen=True, slots=True)
class ChildRetired:
    """Nothing may be sent through the Child SA with inbound SPI `spi_in` any more; it is being deleted."""

    spi_in: int


@dataclass(frozen=True, slots=True)
class ChildGone:
    """The Child SA whose inbound SPI is `spi_in` is gone."""

    spi_in: int


@dataclass(frozen=True, slots=True)
class NoChild:
    """There is no Child SA for an order of ours."""

    cause: str


@dataclass(frozen=True, slots=True)
class NotRekeyed:
    """An SA that this end wanted to replace stays for the time being."""

    cause: str


@dataclass(frozen=True, slots=True)
class Denied:
    """The peer got an error for what it asked for."""

    cause: str


@dataclass(frozen=True, slots=True)
class Rekeyed:
    """The IKE SA has new SPIs and keys."""

    sa: IkeSa


@dataclass(frozen=True, slots=True)
class PeerHasMoved:
    """The peer says that it is where the last MessageArrived came from; so are the ends of its Child SAs."""


@dataclass(frozen=True, slots=True)
class PeerIsThere:
    """The peer got what was sent to its new place, after PeerHasMoved; came with `checks_moves` alone."""


@dataclass(frozen=True, slots=True)
class Moved:
    """The peer has followed this end to `local`, and sees it elsewhere where that is `behind_nat`."""

    local: Endpoint
    behind_nat: bool = False


@dataclass(frozen=True, slots=True)
class NotMoved:
    """The peer has not followed; `cause` is one line."""

    cause: str


@dataclass(frozen=True, slots=True)
class Notified:
    """The peer says what is not of this IKE SA alone: REDIRECT (RFC 5685 §5) or AUTH_LIFETIME (RFC 4478 §3)."""

    notify: Notify


@dataclass(frozen=True, slots=True)
class Over:
    """The IKE SA is no more, and its Child SAs are not either."""

    cause: str


UpkeepEffect = (
    Transmit | Answer | Genuine | Passed | ChildReady | ChildRetired | ChildGone | NoChild | NotRekeyed | Denied
    | Rekeyed | PeerHasMoved | PeerIsThere | Moved | NotMoved | Notified | Over
)  # fmt: skip


# What is under way: states


@dataclass(frozen=True, slots=True)
class ChildRival:
    """The peer's rekeying of the Child SA that we are rekeying: what it made, and the lower nonce of its exchange."""

    child: ChildSa
    lowest: bytes


@dataclass(frozen=True, slots=True)
class IkeRival:
    """The same of the IKE SA."""

    sa: IkeSa
    lowest: bytes


@dataclass(frozen=True, slots=True)
class Quiet:
    """No request of ours is outstanding."""

    waiting_for: ClassVar[str] = "nothing"


@dataclass(frozen=True, slots=True)
class Asking:
    """INFORMATIONAL is sent, for `order`; with `cookie` in COOKIE2 where one has to come back."""

    order: Ask | Tell = Ask()
    cookie: bytes = b""
    waiting_for: ClassVar[str] = "a sign of life"


@dataclass(frozen=True, slots=True)
class MakingChild:
    """CREATE_CHILD_SA for a further Child SA is sent."""

    asked: Asked
    waiting_for: ClassVar[str] = "a Child SA"


@dataclass(frozen=True, slots=True)
class RekeyingChild:
    """CREATE_CHILD_SA with REKEY_SA is sent; `rival` is the peer's own rekeying of `old`, once it was answered."""

    old: ChildSa
    asked: Asked
    rival: ChildRival | None = None
    waiting_for: ClassVar[str] = "the Child SA that replaces one"


@dataclass(frozen=True, slots=True, kw_only=True)
class RekeyingIke:
    """CREATE_CHILD_SA for a new IKE SA is sent, with our `spi` of 8 octets."""

    spi: bytes
    ni: bytes
    offered: tuple[Proposal, ...]
    group: Group
    private: PrivateKey = field(repr=False)
    rival: IkeRival | None = None
    waiting_for: ClassVar[str] = "the IKE SA that replaces this one"


@dataclass(frozen=True, slots=True)
class Deleting:
    """Delete of Child SAs is sent, by our inbound SPIs."""

    spis_in: frozenset[int]
    waiting_for: ClassVar[str] = "the answer to Delete of Child SAs"


@dataclass(frozen=True, slots=True)
class Moving:
    """UPDATE_SA_ADDRESSES is sent, from `local`, with `cookie` in COOKIE2."""

    local: Endpoint
    remote: Endpoint
    cookie: bytes
    waiting_for: ClassVar[str] = "the answer to UPDATE_SA_ADDRESSES"


@dataclass(frozen=True, slots=True)
class Leaving:
    """Delete of the IKE SA is sent."""

    cause: str
    waiting_for: ClassVar[str] = "the answer to Delete"


@dataclass(frozen=True, slots=True)
class Finished:
    """The IKE SA is no more."""

    waiting_for: ClassVar[str] = "nothing"


State = Quiet | Asking | MakingChild | RekeyingChild | RekeyingIke | Deleting | Moving | Leaving | Finished

TRANSITIONS: Transitions = {
    (Quiet, MakeChild): frozenset({MakingChild}),
    (Quiet, RekeyChild): frozenset({RekeyingChild}),
    (Quiet, RekeyIke): frozenset({RekeyingIke}),
    (Quiet, DeleteChildren): frozenset({Deleting}),
    (Quiet, Ask): frozenset({Asking}),
    (Quiet, Tell): frozenset({Asking}),
    (Quiet, Move): frozenset({Moving}),
    (Quiet, Leave): frozenset({Leaving}),
    (Quiet, MessageArrived): frozenset({Finished}),
    (Asking, MessageArrived): frozenset({Quiet, Finished}),
    (Asking, Tick): frozenset({Finished}),
    (MakingChild, MessageArrived): frozenset({Quiet, Finished}),
    (MakingChild, Tick): frozenset({Finished}),
    (RekeyingChild, MessageArrived): frozenset({RekeyingChild, Quiet, Finished}),
    (RekeyingChild, Tick): frozenset({Finished}),
    (RekeyingIke, MessageArrived): frozenset({RekeyingIke, Quiet, Finished}),
    (RekeyingIke, Tick): frozenset({Finished}),
    (Deleting, MessageArrived): frozenset({Quiet, Finished}),
    (Deleting, Tick): frozenset({Finished}),
    (Moving, MessageArrived): frozenset({Quiet, Finished}),
    (Moving, Tick): frozenset({Finished}),
    (Leaving, MessageArrived): frozenset({Finished}),
    (Leaving, Tick): frozenset({Finished}),
}
