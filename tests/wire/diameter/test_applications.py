from wire.diameter.applications import Application, vendor_of


def test_applications_from_16777216_on_are_of_3gpp() -> None:
    assert [vendor_of(a) for a in (Application.EAP, Application.SWX, Application.S6B)] == [0, 10415, 10415]


def test_relay_is_of_nobody() -> None:
    assert vendor_of(Application.RELAY) == 0
