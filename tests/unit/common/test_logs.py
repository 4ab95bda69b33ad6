"""Logs: JSON lines with the ids of the trace, and nothing that belongs to a person."""

import io
import json
import logging
from collections.abc import Generator
from typing import Any

import pytest
import structlog
from printworks_common import logs, tracing
from printworks_common.errors import TransientError
from printworks_common.kafka.record import Record


class Lines:
    """What is logged, as objects and as text."""

    def __init__(self) -> None:
        self.stream = io.StringIO()

    @property
    def text(self) -> str:
        return self.stream.getvalue()

    def all(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]

    def last(self) -> dict[str, Any]:
        return self.all()[-1]


@pytest.fixture
def lines() -> Generator[Lines]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    captured = Lines()
    logs.configure("render", "coordinator", style="json", stream=captured.stream)
    yield captured
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(False)
    structlog.reset_defaults()


def test_a_line_says_when_what_and_by_whom(lines: Lines) -> None:
    logs.get_logger("some.module").info("order_purged", shop="a.myshopify.com", count=3)
    line = lines.last()
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "order_purged", "level": "info", "logger": "some.module", "service": "render", "role": "coordinator",
        "shop": "a.myshopify.com", "count": 3,
    }  # fmt: skip


def test_the_line_of_a_record_tells_where_it_lay_and_what_became_of_it(lines: Lines) -> None:
    record = Record("topic.v1", 3, 17, 0, "shop/1", b"{}", {"ce_id": "e1", "ce_type": "order.paid"})
    logs.canonical(logs.get_logger("x"), record, "handled", 12.3456, attempt=2)
    expected = {"topic": "topic.v1", "partition": 3, "offset": 17, "key": "shop/1", "event_id": "e1",
                "event_type": "order.paid", "outcome": "handled", "ms": 12.3, "attempt": 2}  # fmt: skip
    assert expected.items() <= lines.last().items()


def test_fields_that_are_not_on_the_list_are_withheld(lines: Lines) -> None:
    logs.get_logger("x").info("order", customer_name="Anna Smith", phone=491701234567, payload={"name": "Anna"})
    assert {lines.last()[name] for name in ("customer_name", "phone", "payload")} == {logs.WITHHELD}


def test_addresses_in_allowed_text_are_cut(lines: Lines) -> None:
    logs.get_logger("x").info(
        "note", error="cannot send to anna@example.com from https://u:p@cdn.example/pictures/anna.jpg?sig=abc now"
    )
    assert lines.last()["error"] == f"cannot send to {logs.WITHHELD} from https://cdn.example now"


def test_libraries_write_the_same_lines(lines: Lines) -> None:
    logging.getLogger("library").warning("lost %s at %s", "connection", "https://cdn.example/a?b=c")
    line = lines.last()
    assert (line["event"], line["level"], line["service"]) == (
        "lost connection at https://cdn.example", "warning", "render"
    )  # fmt: skip


@pytest.mark.parametrize("library", ["httpx", "httpcore", "uvicorn.access", "urllib3", "aiokafka"])
def test_libraries_that_would_log_every_url_are_quiet(lines: Lines, library: str) -> None:
    logging.getLogger(library).info("GET https://cdn.example/anna.jpg")
    assert lines.text == ""


def test_an_error_is_logged_with_its_stack_and_causes(lines: Lines) -> None:
    def inner() -> None:
        raise ConnectionResetError("peer went away")

    try:
        try:
            inner()
        except OSError as error:
            raise TransientError("The store does not answer.", code="store") from error
    except TransientError:
        logs.get_logger("x").exception("failed")
    exception = lines.last()["exception"]
    assert "TransientError: The store does not answer." in exception
    assert "ConnectionResetError: peer went away" in exception
    assert "in inner" in exception


def test_the_message_of_an_error_that_may_quote_data_is_withheld(lines: Lines) -> None:
    try:
        raise ValueError("invalid name 'Anna Smith'")
    except ValueError as error:
        logs.get_logger("x").error("failed", exc_info=error)
    assert "ValueError" in lines.last()["exception"]
    assert "test_logs.py" in lines.last()["exception"]
    assert "Anna" not in lines.text


def test_a_line_inside_a_span_carries_the_ids_of_the_trace(lines: Lines) -> None:
    tracing.configure("render", "coordinator")
    parent = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}
    with tracing.span("handle", parent_headers=parent, job_id="7") as current:
        logs.get_logger("x").info("inside")
        traceparent = tracing.current_traceparent()
        assert current.get_span_context().is_valid
    assert lines.last()["trace_id"] == "0af7651916cd43dd8448eb211c80319c"
    assert traceparent is not None
    assert traceparent.split("-")[1:3] == [lines.last()["trace_id"], lines.last()["span_id"]]
    logs.get_logger("x").info("outside")
    assert "trace_id" not in lines.last()
    assert tracing.current_traceparent() is None


def test_on_a_terminal_lines_are_for_people() -> None:
    stream = io.StringIO()
    root = logging.getLogger()
    handlers = root.handlers[:]
    try:
        logs.configure("render", "worker", style="console", stream=stream)
        logs.get_logger("x").info("started", port=8080)
    finally:
        root.handlers[:] = handlers
        logging.captureWarnings(False)
        structlog.reset_defaults()
    assert "started" in stream.getvalue()
    assert not stream.getvalue().startswith("{")
