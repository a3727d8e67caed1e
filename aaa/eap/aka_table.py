"""Which state of the EAP-AKA server may follow which (RFC 4187 §3, §4.1.7, §5.5, §6.3)."""

from aaa.eap.events import EapArrived, MethodChosen, ProfileArrived, ProfileRefused, VectorArrived, VectorRefused
from aaa.eap.states import (
    AwaitingIdentity,
    AwaitingProfile,
    AwaitingVector,
    Challenged,
    Chosen,
    Done,
    FailureNotified,
    Reauthenticating,
    SimChallenged,
    SuccessNotified,
)
from wire.sansio import Tick, Transitions

_AFTER_IDENTITY = frozenset({AwaitingIdentity, AwaitingVector, Reauthenticating})

TRANSITIONS: Transitions = {
    (Chosen, MethodChosen): _AFTER_IDENTITY,
    (AwaitingIdentity, EapArrived): _AFTER_IDENTITY | {FailureNotified, Done},
    (AwaitingVector, EapArrived): frozenset({AwaitingVector}),
    (AwaitingVector, VectorArrived): frozenset({Challenged, SimChallenged}),
    (AwaitingVector, VectorRefused): frozenset({FailureNotified}),
    (AwaitingVector, Tick): frozenset({AwaitingVector, FailureNotified}),
    (Challenged, EapArrived): frozenset({Challenged, AwaitingVector, AwaitingProfile, FailureNotified, Done}),
    (SimChallenged, EapArrived): frozenset({SimChallenged, AwaitingProfile, FailureNotified, Done}),
    (Reauthenticating, EapArrived): frozenset(
        {Reauthenticating, AwaitingIdentity, AwaitingVector, AwaitingProfile, FailureNotified, Done}
    ),
    (AwaitingProfile, EapArrived): frozenset({AwaitingProfile}),
    (AwaitingProfile, ProfileArrived): frozenset({SuccessNotified, Done}),
    (AwaitingProfile, ProfileRefused): frozenset({FailureNotified, Done}),
    (AwaitingProfile, Tick): frozenset({AwaitingProfile, FailureNotified, Done}),
    (SuccessNotified, EapArrived): frozenset({SuccessNotified, AwaitingProfile, Done}),
    (FailureNotified, EapArrived): frozenset({FailureNotified, Done}),
    (Done, EapArrived): frozenset({Done}),
}
