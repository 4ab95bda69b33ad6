"""Cases of `promtool test rules`: which alerts fire on recorded courses of metrics, and what they say."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import promql_parser
import yaml

from tests.chart.promql.expressions import Moment, selectors
from tests.chart.promql.series import NAME, Labels, Recorded, UnknownError, as_metric, read_labels, read_values
from tests.chart.promql.templates import fill

Plain = dict[str, Any]

_FILE = {"rule_files", "evaluation_interval", "tests"}
_CASE = {"name", "interval", "input_series", "alert_rule_test"}
_EXPECTED = {"eval_time", "alertname", "exp_alerts"}
_RULE = {"record", "alert", "expr", "for", "labels", "annotations"}


@dataclass(frozen=True)
class Fired:
    """An alert that fires: its labels, and its annotations with everything filled in."""

    labels: Plain
    annotations: Plain


@dataclass(frozen=True)
class Expected:
    """What a case says of an alert at a moment."""

    alert: str
    at: float
    alerts: list[Fired]


@dataclass(frozen=True)
class Case:
    name: str
    interval: float
    series: list[Plain]
    expected: list[Expected]


@dataclass
class Rule:
    """A rule, and since when the alert's series have been over the line."""

    plain: Plain
    since: dict[Labels, float] = field(default_factory=dict[Labels, float])
    values: dict[Labels, float] = field(default_factory=dict[Labels, float])

    def evaluate(self, moment: Moment) -> None:
        found = moment.vector(self.plain["expr"])
        if "record" in self.plain:
            self._record(found, moment)
            return
        self.values = {frozenset(one for one in labels if one[0] != NAME): value for labels, value in found.items()}
        self.since = {labels: self.since.get(labels, moment.time) for labels in self.values}

    def _record(self, found: dict[Labels, float], moment: Moment) -> None:
        name = self.plain["record"]
        made = {as_metric({**dict(labels), **self.plain.get("labels", {})}, name): v for labels, v in found.items()}
        for labels, value in made.items():
            moment.recorded.series(labels).add(moment.time, value)
        moment.recorded.stale(name, moment.time, made)

    def firing(self, time: float) -> list[Fired]:
        wait = seconds(self.plain["for"]) if "for" in self.plain else 0
        fires = [labels for labels, since in self.since.items() if time - since >= wait]
        return [self._fired(dict(labels), self.values[labels]) for labels in fires]

    def _fired(self, labels: dict[str, str], value: float) -> Fired:
        told = {name: fill(text, value, labels) for name, text in self.plain.get("annotations", {}).items()}
        return Fired({**labels, **self.plain.get("labels", {})}, told)


def cases(path: Path) -> Iterator[Case]:
    """The cases of a test file. Raises UnknownError for fields that are not evaluated here."""
    document = yaml.load(path.read_text(encoding="utf-8"), yaml.BaseLoader)  # `0x30` is a course, no number
    _only(document, _FILE)
    for one in document["tests"]:
        _only(one, _CASE)
        yield Case(
            one["name"], seconds(one["interval"]), one["input_series"], [_expected(e) for e in one["alert_rule_test"]]
        )


def _expected(one: Plain) -> Expected:
    _only(one, _EXPECTED)
    alerts = [Fired(alert["exp_labels"], alert["exp_annotations"]) for alert in one["exp_alerts"]]
    return Expected(one["alertname"], seconds(one["eval_time"]), alerts)


def run(case: Case, rules: list[Plain], every: float) -> list[tuple[Expected, list[Fired]]]:
    """What the case expects, each with what really fires then. `every`: seconds between two evaluations."""
    recorded = Recorded()
    for one in case.series:
        labels, read = read_labels(one["series"]), read_values(one["values"], case.interval)
        for time, value in zip(read.times, read.values, strict=True):
            recorded.series(labels).add(time, value)
    asked = _needed(rules, {one.alert for one in case.expected})
    outcome: list[tuple[Expected, list[Fired]]] = []
    time = 0.0
    for expected in sorted(case.expected, key=lambda one: one.at):
        while time <= expected.at:
            for rule in asked:
                rule.evaluate(Moment(recorded, time))
            time += every
        (rule,) = (one for one in asked if one.plain.get("alert") == expected.alert)
        outcome.append((expected, rule.firing(time - every)))
    return outcome


def _needed(rules: list[Plain], alerts: set[str]) -> list[Rule]:
    """These alerts and the rules whose records they read, in the order of the file."""
    wanted: set[str] = set(alerts)
    for rule in reversed(rules):  # a rule reads only what stands before it
        if rule.get("alert", rule.get("record")) in wanted:
            _only(rule, _RULE)
            wanted |= {one.name for one in selectors(rule["expr"]) if one.name}
    return [Rule(rule) for rule in rules if rule.get("alert", rule.get("record")) in wanted]


def seconds(duration: str) -> float:
    return promql_parser.parse_duration(duration).total_seconds()


def _only(plain: Plain, known: set[str]) -> None:
    if plain.keys() - known:
        raise UnknownError(f"fields {sorted(plain.keys() - known)}")
