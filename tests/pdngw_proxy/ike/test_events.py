"""Events and effects of the responder."""

from pdngw_proxy.ike import events


def test_every_name_of_the_module_is_offered() -> None:
    defined = {
        name for name, found in vars(events).items() if isinstance(found, type) and found.__module__ == events.__name__
    }
    assert defined <= set(events.__all__)
