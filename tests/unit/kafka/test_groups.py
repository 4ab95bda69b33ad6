"""Every consumer group of the services is in the list from which the dead-letter topics are created."""

import ast
from collections.abc import Iterator
from pathlib import Path

from printworks_common.events.topics import Topic
from printworks_common.kafka.groups import GROUPS

SERVICES = Path(__file__).parents[3] / "services"


def consumed() -> Iterator[tuple[str, str]]:
    """Group and topic of each call of `consume` in the services' wiring."""
    for path in sorted(SERVICES.glob("*/printworks_*/**/app.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        constants = {
            target.id: node.value
            for node in tree.body
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "consume":
                given = {keyword.arg: keyword.value for keyword in node.keywords}
                group, topics = (
                    constants[value.id] if isinstance(value, ast.Name) else value
                    for value in (given["group"], given["topics"])
                )
                assert isinstance(group, ast.Constant)
                assert isinstance(topics, ast.List | ast.Tuple)
                for topic in topics.elts:
                    assert isinstance(topic, ast.Attribute)
                    yield str(group.value), Topic[topic.attr]


def test_every_group_and_topic_that_is_consumed_has_its_dead_letter_topic() -> None:
    found = set(consumed())
    assert len(found) >= 8
    assert found <= {(group, topic) for group, topics in GROUPS.items() for topic in topics}
