"""The command that creates the topics: partitions for a large installation, and no topic that nobody knows."""

import sys

import pytest
from printworks_common.kafka import topics


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["topics", *arguments])
    return topics.main()


def test_single_topics_get_the_partitions_that_are_asked_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "--list", "--partitions", "printworks.orders.v1=48") == 0
    lines = capsys.readouterr().out.splitlines()
    partitions = {line.split(" ")[0]: line.split(" ")[1] for line in lines}
    assert partitions["printworks.orders.v1"] == "partitions=48"
    assert partitions["printworks.artwork.v1"] == "partitions=12"


@pytest.mark.parametrize("wrong", ["printworks.order.v1=48", "printworks.orders.v1", "printworks.orders.v1=0"])
def test_a_misspelt_wish_is_refused_before_anything_is_created(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], wrong: str
) -> None:
    with pytest.raises(SystemExit) as caught:
        run(monkeypatch, "--partitions", wrong)
    assert caught.value.code == 2
    assert "--partitions" in capsys.readouterr().err
