"""What a broker tells of a group's members, and what is made of it where it does not."""

from typing import Any, cast

import pytest
from aiokafka.errors import GroupAuthorizationFailedError
from printworks_common.errors import GroundMissingError
from printworks_common.kafka.members import described_with_members

NOT_COORDINATOR = 16


class Answering:
    """An admin client whose broker describes every group in this way."""

    def __init__(self, error_code: int = 0, members: tuple[str, ...] = (), refused: bool = False) -> None:
        self._group = {"error_code": error_code, "members": members}
        self._refused = refused

    async def describe_consumer_groups(self, _groups: list[str]) -> list["Answering"]:
        if self._refused:
            raise GroupAuthorizationFailedError
        return [self]

    def to_object(self) -> dict[str, Any]:
        return {"groups": [self._group]}


@pytest.mark.parametrize(
    ("answer", "somebody"),
    [
        (Answering(members=("one",)), True),
        (Answering(), False),
        (Answering(refused=True), True),
        (Answering(error_code=GroupAuthorizationFailedError.errno), True),
    ],
    ids=["a member", "none", "no right to find the group", "no right to see the group"],
)
async def test_somebody_is_there_unless_the_broker_says_otherwise(answer: Answering, somebody: bool) -> None:
    assert await described_with_members(cast("Any", answer), "worker") is somebody


async def test_a_broker_that_does_not_know_the_group_yet_is_asked_again_later() -> None:
    with pytest.raises(GroundMissingError):
        await described_with_members(cast("Any", Answering(error_code=NOT_COORDINATOR)), "worker")
