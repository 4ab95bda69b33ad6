"""The evaluation of rules that stands in for promtool: it does what Prometheus does, or refuses."""

import math
from pathlib import Path

import pytest

from tests.chart.promql import functions
from tests.chart.promql.alerting import Case, Expected, Fired, cases, run
from tests.chart.promql.expressions import Moment
from tests.chart.promql.series import Labels, Recorded, UnknownError, read_labels, read_values
from tests.chart.promql.templates import fill

MINUTE = 60.0


def recorded(**courses: str) -> Recorded:
    """Series with these names and, behind `|`, the value of the label `pod`; a sample a minute."""
    result = Recorded()
    for name, course in courses.items():
        for number, values in enumerate(course.split(" | ")):
            read = read_values(values, MINUTE)
            for time, value in zip(read.times, read.values, strict=True):
                result.series(read_labels(f'{name}{{pod="{"abc"[number]}"}}')).add(time, value)
    return result


def ask(query: str, at: float, **courses: str) -> dict[str, float]:
    """What the query gives, by the value of the label `pod`."""
    found = Moment(recorded(**courses), at * MINUTE).vector(query)
    return {dict(labels).get("pod", ""): value for labels, value in found.items()}


class TestTheNotationOfCourses:
    @pytest.mark.parametrize(
        ("text", "values"),
        [
            ("1 2 3", [1, 2, 3]),
            ("5x3", [5, 5, 5, 5]),
            ("0+10x2", [0, 10, 20]),
            ("9-3x2", [9, 6, 3]),
            ("-1.5x1", [-1.5, -1.5]),
            ("1 _ 2", [1, 2]),
            ("1 stale", [1, None]),
        ],
    )
    def test_values(self, text: str, values: list[float | None]) -> None:
        assert read_values(text, MINUTE).values == values

    def test_a_gap_takes_its_time(self) -> None:
        assert read_values("_x3 1 _ 2", MINUTE).times == [180, 300]

    @pytest.mark.parametrize("text", ["a", "1+2", "{{schema:1}}", "1x", "0x1F"])
    def test_what_is_not_known_is_refused(self, text: str) -> None:
        with pytest.raises(UnknownError):
            read_values(text, MINUTE)

    def test_labels(self) -> None:
        assert dict(read_labels('m{a="1", b="x/y"}')) == {"__name__": "m", "a": "1", "b": "x/y"}
        assert dict(read_labels("m")) == {"__name__": "m"}
        with pytest.raises(UnknownError):
            read_labels("m{a=1}")


class TestSelectors:
    def test_a_sample_stands_for_five_minutes(self) -> None:
        assert ask("m", 4, m="7") == {"a": 7}
        assert ask("m", 6, m="7") == {}

    def test_what_is_stale_is_gone_at_once(self) -> None:
        assert ask("m", 2, m="7 7 stale") == {}

    def test_matchers_and_offset(self) -> None:
        courses = {"m": "1 2 3 | 4 5 6 | 7 8 9"}
        assert ask('m{pod="b"}', 2, **courses) == {"b": 6}
        assert ask('m{pod!="b"}', 2, **courses) == {"a": 3, "c": 9}
        assert ask('m{pod=~"a|c"} offset 1m', 2, **courses) == {"a": 2, "c": 8}
        assert ask('m{pod!~"a.*"}', 2, **courses) == {"b": 6, "c": 9}


class TestFunctions:
    def test_a_counter_that_grows_evenly_is_extrapolated_to_the_whole_range(self) -> None:
        assert ask("increase(m[10m])", 20, m="0+6x30") == pytest.approx({"a": 60})
        assert ask("rate(m[10m])", 20, m="0+6x30") == pytest.approx({"a": 0.1})

    def test_a_reset_counts_from_zero(self) -> None:
        assert functions.increase([(60, 10), (120, 20), (180, 5), (240, 15)], 60, 240) == 10 + 5 + 10

    def test_a_counter_is_not_extrapolated_below_zero(self) -> None:
        # In sight from minute 5 on, with 1: it cannot have been more than 10 s there before it was 1.
        found = functions.increase([(300, 1), (360, 7)], 0, 360)
        assert found == pytest.approx(6 * (60 + 10) / 60)

    def test_one_sample_says_nothing(self) -> None:
        assert ask("increase(m[5m])", 10, m="_x10 1") == {}
        assert ask("deriv(m[5m])", 10, m="_x10 1") == {}

    def test_deriv_is_the_slope(self) -> None:
        assert ask("deriv(m[10m])", 10, m="100-6x20") == pytest.approx({"a": -0.1})

    def test_a_quantile_lies_within_its_bucket(self) -> None:
        buckets = [(0.5, 95.0), (5.0, 100.0), (math.inf, 100.0)]
        assert functions.histogram_quantile(0.95, buckets) == pytest.approx(0.5)
        assert functions.histogram_quantile(0.99, buckets) == pytest.approx(0.5 + 4.5 * 4 / 5)
        assert functions.histogram_quantile(0.99, [(1.0, 10.0), (math.inf, 20.0)]) == 1

    @pytest.mark.parametrize("buckets", [[], [(1.0, 5.0)], [(1.0, 0.0), (math.inf, 0.0)]])
    def test_without_observations_there_is_no_quantile(self, buckets: list[tuple[float, float]]) -> None:
        assert math.isnan(functions.histogram_quantile(0.5, buckets))

    def test_absent_has_the_labels_that_were_asked_for(self) -> None:
        found = Moment(recorded(m="1"), 0).vector('absent(m{pod="z",x!="1"})')
        assert found == {frozenset({("pod", "z")}): 1}
        assert ask('absent(m{pod="a"})', 0, m="1") == {}


class TestOperators:
    def test_a_comparison_filters_and_keeps_the_value(self) -> None:
        assert ask("m > 2", 0, m="1 | 2 | 3") == {"c": 3}
        assert ask("2 < m", 0, m="1 | 2 | 3") == {"c": 3}

    def test_arithmetic_pairs_equal_labels(self) -> None:
        assert ask("m / n", 0, m="6 | 8", n="2") == {"a": 3}
        assert ask("time() - m", 2, m="1 1 100") == {"a": 20}
        assert math.isnan(ask("m / n", 0, m="0", n="0")["a"])

    def test_sets(self) -> None:
        courses = {"m": "1 | 2", "n": "_ | 5"}
        assert ask("m and n", 0, **courses) == {"b": 2}
        assert ask("m unless n", 0, **courses) == {"a": 1}
        assert ask("n or m", 0, **courses) == {"a": 1, "b": 5}

    def test_what_has_no_value_is_on_no_side_of_a_line(self) -> None:
        assert ask("m / n > 0 or m / n <= 0", 0, m="0", n="0") == {}

    def test_aggregations(self) -> None:
        assert ask("sum(m)", 0, m="1 | 2") == {"": 3}
        assert ask("max by (pod) (m)", 0, m="1 | 2") == {"a": 1, "b": 2}

    @pytest.mark.parametrize(
        "query",
        [
            "avg(m)", "sum without (pod) (m)", "m > bool 1", "m * on (pod) m", "m and on () m", "topk(1, m)",
            "max_over_time(m[5m])", "rate(m[5m:1m])", "-m", "m @ 5", '{pod="a"}', "m ^ 2", "1 + 1", "vector(1)",
        ],
    )  # fmt: skip
    def test_what_is_not_known_is_refused(self, query: str) -> None:
        with pytest.raises(UnknownError):
            ask(query, 5, m="1x10")


class TestTexts:
    @pytest.mark.parametrize(
        ("form", "value", "text"),
        [
            ("", 3.0, "3"),
            ("", 0.25, "0.25"),
            ("humanize", 5000.0, "5k"),
            ("humanize", 12345678.0, "12.35M"),
            ("humanizeDuration", 12.5, "12.5s"),
            ("humanizeDuration", 840.0, "14m 0s"),
            ("humanizeDuration", 9000.0, "2h 30m 0s"),
            ("humanizeDuration", 90061.0, "1d 1h 1m 1s"),
            ("humanizePercentage", 0.2, "20%"),
            ("humanizePercentage", 1 / 3, "33.33%"),
        ],
    )
    def test_a_value_is_worded_as_by_prometheus(self, form: str, value: float, text: str) -> None:
        field = f"{{{{ $value | {form} }}}}" if form else "{{ $value }}"
        assert fill(f"<{field}>", value, {}) == f"<{text}>"

    def test_labels(self) -> None:
        assert fill("{{ $labels.group }} of {{$labels.none}}.", 0, {"group": "worker"}) == "worker of ."

    @pytest.mark.parametrize(
        "text", ["{{ $value | printf }}", "{{ . }}", "{{ if $value }}x{{ end }}", "{{ $labels.a | title }}"]
    )
    def test_what_is_not_known_is_refused(self, text: str) -> None:
        with pytest.raises(UnknownError):
            fill(text, 1, {})


class TestAlerts:
    RULES = (
        {"record": "r", "expr": "sum by (pod) (m)", "labels": {"kind": "made"}},
        {
            "alert": "A",
            "expr": "r > 5",
            "for": "2m",
            "labels": {"severity": "page"},
            "annotations": {"summary": "{{ $value }} of {{ $labels.pod }}"},
        },
    )

    def fires(self, course: str, *minutes: int) -> list[int]:
        """The minutes, of these, at which the alert fires."""
        case = Case("", MINUTE, [{"series": 'm{pod="a"}', "values": course}], [
            Expected("A", minute * MINUTE, []) for minute in minutes
        ])  # fmt: skip
        return [int(expected.at / MINUTE) for expected, fired in run(case, list(self.RULES), MINUTE) if fired]

    def test_it_fires_when_it_was_over_the_line_for_so_long(self) -> None:
        assert self.fires("0 0 6x20", 3, 4, 5) == [4, 5]

    def test_a_moment_below_the_line_begins_it_anew(self) -> None:
        assert self.fires("6 6 0 6 6 6 6", 2, 4, 5, 6) == [5, 6]

    def test_a_record_ends_with_what_it_was_made_of(self) -> None:
        assert self.fires("6x4 stale", 3, 5) == [3]

    def test_it_has_the_labels_of_series_and_rule_and_its_text(self) -> None:
        case = Case("", MINUTE, [{"series": 'm{pod="a"}', "values": "7x9"}], [Expected("A", 300, [])])
        [(_, fired)] = run(case, list(self.RULES), MINUTE)
        assert fired == [Fired({"pod": "a", "kind": "made", "severity": "page"}, {"summary": "7 of a"})]

    def test_a_rule_with_a_field_that_is_not_known_is_refused(self) -> None:
        case = Case("", MINUTE, [], [Expected("A", 0, [])])
        with pytest.raises(UnknownError):
            run(case, [{**self.RULES[1], "keep_firing_for": "5m"}], MINUTE)

    def test_a_case_with_a_field_that_is_not_known_is_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "cases.yaml"
        path.write_text(
            "tests:\n  - {name: a, interval: 1m, input_series: [], alert_rule_test: [], promql_expr_test: []}"
        )
        with pytest.raises(UnknownError):
            list(cases(path))


def test_a_metric_that_is_not_recorded_is_empty() -> None:
    labels: Labels = read_labels("m")
    assert labels
    assert Moment(Recorded(), 0).vector("m") == {}
