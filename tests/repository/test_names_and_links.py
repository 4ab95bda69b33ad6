"""Names and links in the documentation lead somewhere."""

import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest
from printworks_common.events.topics import TOPICS, Topic, dead_letter_topic
from printworks_common.failures import Reason
from printworks_common.kafka.groups import GROUPS
from printworks_common.settings import PREFIX
from printworks_local.settings_table import ROLES
from printworks_local.stack import external
from printworks_local.stack.model import checkout_root

ROOT = checkout_root()
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))

_LINK = re.compile(r"\]\((?!https?://|mailto:|#)(?P<target>[^)#\s]+)(?:#[^)]*)?\)")
_CODE_BLOCK = re.compile(r"```.*?```", re.DOTALL)


def page_name(page: Path) -> str:
    return str(page.relative_to(DOCS))


@cache
def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_every_relative_link_leads_to_a_file(page: Path) -> None:
    targets = [match["target"] for match in _LINK.finditer(_CODE_BLOCK.sub("", text_of(page)))]
    assert [target for target in targets if not (page.parent / target).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_every_variable_is_one_that_a_role_reads(page: Path) -> None:
    known = {f"{PREFIX}{name.upper()}" for role in ROLES for name in role.load().model_fields}
    known |= {external.PREFIX + variable for variable in external.VARIABLES.values()}
    named = set(re.findall(r"PRINTWORKS_[A-Z0-9]+(?:_[A-Z0-9]+)*(?![A-Z0-9_])", text_of(page)))
    assert named - known == set()


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_every_metric_and_package_exists(page: Path) -> None:
    metrics = set(re.findall(r"^\| `(printworks_\w+)`", text_of(DOCS / "operations" / "metrics.md"), re.MULTILINE))
    named = set(re.findall(r"`(?:time\(\) - )?(printworks_\w+)", text_of(page)))
    assert [name for name in sorted(named - metrics) if find_spec(name) is None] == []


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_every_topic_and_dead_letter_topic_exists(page: Path) -> None:
    dead = {dead_letter_topic(topic, group) for group, topics in GROUPS.items() for topic in topics}
    named = set(re.findall(r"printworks\.[a-z-]+\.v1(?:\.[a-z-]+\.dlq)?(?![\w.-])", text_of(page)))
    assert named - dead - {str(topic) for topic in TOPICS} == set()


def test_every_topic_has_its_arrow_or_is_named_as_unused() -> None:
    page = text_of(DOCS / "architecture.md")
    assert [topic for topic in Topic if topic.removeprefix("printworks.").removesuffix(".v1") not in page] == []


def test_every_module_that_the_architecture_names_exists() -> None:
    files = {path.name for room in ("services", "libs") for path in (ROOT / room).rglob("*.py")}
    named = {Path(name).name for name in re.findall(r"`[\w/.-]*?([\w-]+\.py)`", text_of(DOCS / "architecture.md"))}
    assert named - files == set()


def test_every_reason_that_the_storefront_page_names_exists() -> None:
    section = text_of(DOCS / "storefront.md").split("## When something is missing or wrong")[1].split("\n## ")[0]
    cells = [line.rsplit("|", 2)[1] for line in section.splitlines() if line.startswith("| ")]
    assert {code for cell in cells for code in re.findall(r"`(\w+)`", cell)} <= set(Reason)


def test_every_test_that_is_said_to_show_something_exists() -> None:
    section = text_of(DOCS / "operations" / "security.md").split("## What shows it")[1]
    missing: list[str] = []
    file = ""
    for named in re.findall(r"`((?:[\w/]+\.py)?(?:::\w+)?)`", section):
        file = named.partition("::")[0] or file
        test = named.partition("::")[2]
        path = ROOT / "tests" / file
        if not path.is_file() or not re.search(rf"\bdef {test or 'test_'}", path.read_text(encoding="utf-8")):
            missing.append(named)
    assert file
    assert missing == []
