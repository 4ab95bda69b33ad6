"""Order per key, parallel across keys."""

from hypothesis import given
from hypothesis import strategies as st
from printworks_common.kafka.lanes import Lanes


def lanes_of(parallel: int) -> Lanes[str, str]:
    """Lanes whose party is the first letter of their key."""
    return Lanes(parallel, party=lambda key: key[:1])


def test_records_of_one_key_run_one_after_the_other_and_others_beside_them() -> None:
    lanes = lanes_of(4)
    for key, work in (("a", "a1"), ("a", "a2"), ("b", "b1")):
        lanes.add(key, work)
    assert list(lanes.start()) == ["a1", "b1"]
    assert list(lanes.start()) == []
    lanes.finish("a")
    assert list(lanes.start()) == ["a2"]


def test_never_more_run_than_allowed() -> None:
    lanes = lanes_of(2)
    for key in "abcde":
        lanes.add(key, key)
    assert list(lanes.start()) == ["a", "b"]
    assert (lanes.busy, lanes.waiting) == (2, 3)


def test_a_key_with_many_records_does_not_push_others_aside() -> None:
    lanes = lanes_of(1)
    for number in range(3):
        lanes.add("many", f"many{number}")
    lanes.add("one", "one0")
    assert list(lanes.start()) == ["many0"]
    lanes.finish("many")
    assert list(lanes.start()) == ["one0"]


def test_a_party_with_many_keys_waits_for_one_with_a_single_key() -> None:
    lanes = lanes_of(1)
    for number in range(100):
        lanes.add(f"noisy{number}", f"noisy{number}")
    lanes.add("quiet", "quiet")
    ran: list[str] = []
    while lanes.waiting:
        (work,) = lanes.start()
        ran.append(work)
        lanes.finish(work)
    assert ran[:3] == ["noisy0", "quiet", "noisy1"]
    assert ran[1:] == ["quiet", *(f"noisy{number}" for number in range(1, 100))]


def test_what_is_dropped_never_starts_and_the_rest_does() -> None:
    lanes = lanes_of(8)
    for key, work in (("a", "a1"), ("a", "a2"), ("b", "b1")):
        lanes.add(key, work)
    next(lanes.start())
    assert sorted(lanes.drop(lambda work: work.startswith("a") or work == "b1")) == ["a2", "b1"]
    lanes.finish("a")
    assert list(lanes.start()) == []
    lanes.add("b", "b2")
    assert list(lanes.start()) == ["b2"]


@given(
    st.integers(1, 4),
    st.lists(st.tuples(st.sampled_from(["a", "b", "b1", "c"]), st.booleans()), max_size=40),
)
def test_every_record_runs_once_in_the_order_of_its_key(parallel: int, arrivals: list[tuple[str, bool]]) -> None:
    lanes: Lanes[str, tuple[str, int]] = Lanes(parallel, party=lambda key: key[:1])
    running: list[tuple[str, int]] = []
    ran: list[tuple[str, int]] = []

    def turn() -> None:
        for work in lanes.start():
            assert work[0] not in {key for key, _ in running}
            running.append(work)
            ran.append(work)
        assert len(running) <= parallel

    for number, (key, finish_one) in enumerate(arrivals):
        lanes.add(key, (key, number))
        turn()
        if finish_one and running:
            lanes.finish(running.pop(0)[0])
            turn()
    while running:
        lanes.finish(running.pop()[0])
        turn()
    for key in ("a", "b", "b1", "c"):
        expected = [number for number, (arrived, _) in enumerate(arrivals) if arrived == key]
        assert [number for lane, number in ran if lane == key] == expected
    assert lanes.waiting == 0
