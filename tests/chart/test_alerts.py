"""Alerts fire on recorded courses of metrics, and only then; what they say is right.

The cases are in `rules/`, a file per group of rules, in the format of `promtool test rules`. They run through
`tests.chart.promql` everywhere, and through Prometheus' own promtool where it is on the path.
"""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.chart.promql.alerting import Case, cases, run
from tests.chart.rendering import CHART

RULES = CHART / "files" / "rules.yaml"
FILES = sorted((Path(__file__).parent / "rules").glob("*.yaml"))
CASES = [case for path in FILES for case in cases(path)]
EVERY = 60.0

PROMTOOL = shutil.which("promtool")


def rules() -> list[dict[str, Any]]:
    document = yaml.safe_load(RULES.read_text(encoding="utf-8"))
    return [rule for group in document["groups"] for rule in group["rules"]]


ALERTS = [rule["alert"] for rule in rules() if "alert" in rule]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_fires_is_what_the_case_says(case: Case) -> None:
    for expected, fired in run(case, rules(), EVERY):
        found = sorted(fired, key=str)
        assert found == sorted(expected.alerts, key=str), f"{expected.alert} after {expected.at:g} s"


@pytest.mark.parametrize("alert", ALERTS)
def test_an_alert_has_a_case_in_which_it_fires_and_one_in_which_it_does_not(alert: str) -> None:
    expected = [one for case in CASES for one in case.expected if one.alert == alert]
    assert any(one.alerts for one in expected), f"no case of tests/chart/rules lets {alert} fire"
    assert any(not one.alerts for one in expected), f"no case of tests/chart/rules keeps {alert} silent"


def test_a_file_of_cases_is_of_one_group_of_rules_and_is_evaluated_each_minute() -> None:
    groups = {group["name"] for group in yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]}
    for path in FILES:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        assert f"printworks-{path.stem}" in groups
        assert document["evaluation_interval"] == "1m"
        assert [(path.parent / one).resolve() for one in document["rule_files"]] == [RULES.resolve()]


@pytest.mark.skipif(PROMTOOL is None, reason="no promtool here: the same cases ran through tests.chart.promql")
def test_promtool_says_the_same() -> None:
    assert PROMTOOL is not None
    for command in ([PROMTOOL, "check", "rules", str(RULES)], [PROMTOOL, "test", "rules", *map(str, FILES)]):
        run = subprocess.run(command, capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stdout + run.stderr
