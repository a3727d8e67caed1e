from wire.diameter.waiting import WaitingRoom


def room(limit: int = 3, patience: float = 10.0) -> WaitingRoom[str]:
    return WaitingRoom(limit, patience)


def test_the_oldest_of_the_most_important_leaves_first() -> None:
    waiting = room()
    for name, priority in (("a", 10), ("b", 0), ("c", 10)):
        assert waiting.enter(name, priority, 0.0) == []
    assert (len(waiting), waiting.load) == (3, 1.0)
    assert [waiting.leave(1.0)[0] for _ in range(4)] == ["b", "a", "c", None]
    assert (len(waiting), waiting.load) == (0, 0.0)


def test_the_oldest_of_the_least_important_gives_way() -> None:
    waiting = room()
    for name, priority in (("emergency", 0), ("old", 10), ("new", 10)):
        waiting.enter(name, priority, 0.0)
    assert waiting.enter("newest", 10, 1.0) == ["old"]
    assert waiting.enter("another emergency", 0, 1.0) == ["new"]
    assert waiting.enter("unimportant", 15, 1.0) == ["unimportant"]
    assert [waiting.leave(1.0)[0] for _ in range(3)] == ["emergency", "another emergency", "newest"]


def test_emergencies_give_way_to_emergencies_alone() -> None:
    waiting = room(limit=2)
    waiting.enter("a", 0, 0.0)
    waiting.enter("b", 0, 0.0)
    assert waiting.enter("common", 10, 0.0) == ["common"]
    assert waiting.enter("c", 0, 0.0) == ["a"]


def test_nobody_waits_for_longer_than_he_has_patience() -> None:
    waiting = room(limit=5)
    waiting.enter("a", 10, 0.0)
    waiting.enter("b", 0, 1.0)
    waiting.enter("c", 10, 8.0)
    assert waiting.enter("d", 10, 10.5) == ["a"]
    assert waiting.leave(11.0) == ("c", ["b"])
    assert waiting.leave(30.0) == (None, ["d"])


def test_a_room_without_a_place_takes_nobody() -> None:
    waiting = room(limit=0)
    assert waiting.enter("a", 0, 0.0) == ["a"]
    assert waiting.load == 1.0


def test_a_closed_room_is_empty() -> None:
    waiting = room()
    waiting.enter("a", 10, 0.0)
    waiting.close()
    assert (len(waiting), waiting.leave(0.0)) == (0, (None, []))
