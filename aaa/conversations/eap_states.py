"""The states of the EAP layer that wait for the UE, as octets (RFC 3748 §2.1, §5.3.1)."""

from aaa.conversations.aka_states import pack_aka, tag_of, unpack_aka
from aaa.conversations.exchanges import METHODS, Recall
from aaa.conversations.packing import Packer, Unpacker
from aaa.eap.identity_rounds import LONGEST
from aaa.eap.states import EapState, FailureNotified, IdentityRequested, MethodProposed, MethodRunning
from wire.errors import EncodeError
from wire.frozen import dataclass

_IDENTITY_REQUESTED = 0
PROPOSED = 0x80


@dataclass(frozen=True, slots=True)
class StateCodec:
    """`recall` opens a fast re-authentication identity of ours once more."""

    recall: Recall

    def pack(self, packer: Packer, state: EapState) -> None:
        """EncodeError for a state that does not wait for the UE."""
        if isinstance(state, MethodProposed):
            aka, identity = state.aka, state.identity
            packer.octets(bytes((PROPOSED | tag_of(type(aka)),)))
            # a Nak cannot undo a failure; and what is longer than any User-Name, as an encrypted identity is, has
            # no room: after a Nak the UE is asked for it once more
            is_needed = len(identity) <= LONGEST and not isinstance(aka, FailureNotified)
            packer.identity(identity if is_needed else b"")
            packer.varied(bytes([METHODS.index(method) for method in state.refused]))
            pack_aka(packer, aka, self.recall)
        elif isinstance(state, MethodRunning):
            packer.octets(bytes((tag_of(type(state.aka)),)))
            pack_aka(packer, state.aka, self.recall)
        elif isinstance(state, IdentityRequested):
            packer.octets(bytes((_IDENTITY_REQUESTED, state.identifier)))
        else:
            raise EncodeError(f"{type(state).__name__} does not wait for the UE")

    def unpack(self, unpacker: Unpacker) -> EapState:
        """DecodeError for what `pack` has not written."""
        tag = unpacker.u8()
        if tag == _IDENTITY_REQUESTED:
            return IdentityRequested(unpacker.u8())
        if not tag & PROPOSED:
            return MethodRunning(unpack_aka(unpacker, tag, self.recall))
        identity, refused = unpacker.identity(), unpacker.varied()
        if any(at >= len(METHODS) for at in refused):
            raise unpacker.error("no such method")
        aka = unpack_aka(unpacker, tag & ~PROPOSED, self.recall)
        return MethodProposed(identity, aka, tuple(METHODS[at] for at in refused))
