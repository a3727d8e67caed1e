"""The gateway's vocabulary: past participles in, imperatives out, nothing that can be changed afterwards."""

import dataclasses
from typing import get_args

import pytest

from pdngw_proxy.gateway_events import AaaAnswered, DrainRequested, GatewayEffect, GatewayEvent, Level, Report
from wire.sansio import Tick


@pytest.mark.parametrize("kind", [*get_args(GatewayEvent), *get_args(GatewayEffect)])
def test_events_and_effects_are_frozen_and_slotted(kind: type) -> None:
    assert dataclasses.is_dataclass(kind)
    # by the library, or for the type checker alone as wire.frozen does it
    params = kind.__dataclass_params__  # type: ignore[attr-defined]
    assert params.frozen or params.unsafe_hash
    assert "__slots__" in vars(kind)


def test_events_are_past_participles() -> None:
    names = [kind.__name__ for kind in get_args(GatewayEvent) if kind is not Tick]
    assert len(names) >= 3
    assert all(name.endswith("ed") for name in names)


def test_aaa_answer_names_the_ike_sa_that_asked() -> None:
    assert [field.name for field in dataclasses.fields(AaaAnswered)] == ["sa", "answer"]


def test_stopping_is_patient_unless_told_otherwise() -> None:
    assert not DrainRequested("why").at_once


def test_levels_are_the_loggers_own() -> None:
    assert {level.value for level in Level} <= {"debug", "info", "warning", "error"}


def test_report_is_nobodys_fault_unless_told_otherwise() -> None:
    report = Report(Level.INFO, "phrase")
    assert (dict(report.details), report.by_stranger) == ({}, False)
