"""Logs: one JSON object per line, with the ids of the trace, and nothing that belongs to a person.

Fields pass by an allow-list. Text in any other field is withheld, and e-mail addresses, paths and queries of URLs are
cut out of what passes. The message of an error is shown only where its class is known to quote no data
(`PrintworksError`, and errors about our own code or the network); for all others there are class and stack. With log
level debug, meant for development, messages of all errors are shown.
"""

import logging
import re
import sys
import traceback
from collections.abc import MutableMapping
from typing import Any, Literal, Protocol, TextIO, cast

import structlog
from opentelemetry import trace

from printworks_common.errors import PrintworksError

Level = Literal["debug", "info", "warning", "error"]

ALLOWED_FIELDS = frozenset({
    # of every line
    "event", "level", "timestamp", "logger", "service", "role", "version", "trace_id", "span_id", "exception",
    # a record and what became of it
    "event_id", "event_type", "topic", "group", "partition", "offset", "key", "attempt", "attempts", "outcome", "ms",
    "code", "kind", "delay", "records", "count", "error",
    # what it was about: ids of Shopify and of ours, never names
    "shop", "order_id", "line_item_id", "job_id", "file_id", "webhook_id", "webhook_topic", "template_id", "asset_id",
    "status", "step", "reason", "reason_code", "recipe", "artwork_version", "renderer_version", "template_version",
    # a process and its parts
    "task", "check", "dispatcher", "host", "port", "signal", "phase", "state", "shard", "shards", "schema", "migration",
    "method", "route", "path_template", "http_status", "bytes", "sha256", "bucket", "prefix", "mode", "cursor", "since",
    "until", "day", "run_id", "command", "worker", "pid", "exit_code", "limit", "seconds", "age", "free", "total",
})  # fmt: skip

WITHHELD = "[withheld]"

_QUIET = ("httpx", "httpcore", "urllib3", "uvicorn.access", "aiokafka", "asyncio", "minio", "opentelemetry")
"""Libraries that would log URLs or every request at level info."""

_OPEN_ERRORS = (PrintworksError, OSError, AttributeError, NameError, ImportError, TypeError, NotImplementedError)
"""Errors whose messages speak of our code, the network or a file, not of data."""

_EMAIL = re.compile(r"[^\s@<>\"'=:,;/]{1,64}@[^\s@<>\"',;/]{1,255}")
_URL = re.compile(r"(?P<base>[a-zA-Z][a-zA-Z0-9+.-]{0,31}://)(?:[^\s/@\"'<>]*@)?(?P<host>[^\s/?#\"'<>]*+)[^\s\"'<>]*+")

EventDict = MutableMapping[str, Any]


class RecordFacts(Protocol):
    """What a canonical line tells of a record."""

    @property
    def topic(self) -> str: ...
    @property
    def partition(self) -> int: ...
    @property
    def offset(self) -> int: ...
    @property
    def key(self) -> str: ...
    @property
    def event_id(self) -> str | None: ...
    @property
    def event_type(self) -> str | None: ...


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    return structlog.stdlib.get_logger(name)


def canonical(
    log: structlog.stdlib.BoundLogger, record: RecordFacts, outcome: str, ms: float, **fields: object
) -> None:
    """The one line of a record: what it was, what became of it, and how long that took."""
    log.info(
        "record",
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        key=record.key,
        event_id=record.event_id,
        event_type=record.event_type,
        outcome=outcome,
        ms=round(ms, 1),
        **fields,
    )


def configure(
    service: str, role: str, *, level: Level = "info", style: Literal["auto", "json", "console"] = "auto",
    stream: TextIO | None = None, lasting: bool = False,
) -> None:  # fmt: skip
    """Set up logging for the process: structlog and the standard library's loggers write the same lines to `stream`
    (standard output by default). `lasting`: it stays so, and no logger has to look for its set-up at each line."""
    out = stream or sys.stdout
    _leave_out_what_no_line_shows()
    console = style == "console" or (style == "auto" and out.isatty())
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _Origin(service, role),
        add_trace_ids,
        _Exceptions(messages=level == "debug"),
        withhold,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=lasting,
    )
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer(colors=out.isatty())
        if console
        else structlog.processors.JSONRenderer(default=str)
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.captureWarnings(True)


def _leave_out_what_no_line_shows() -> None:
    """The standard library looks up thread, process and place in the code for each record unless told otherwise, as its
    documentation says under "Optimization"."""
    logging.logThreads = False
    logging.logProcesses = False
    logging.logMultiprocessing = False
    logging._srcfile = None  # pyright: ignore[reportPrivateUsage]


def add_trace_ids(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Put the ids of the current span on the line."""
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        event["trace_id"] = trace.format_trace_id(context.trace_id)
        event["span_id"] = trace.format_span_id(context.span_id)
    return event


def withhold(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Replace what is not on the allow-list, and clean the text of what is."""
    for name, value in event.items():
        if name.startswith("_"):
            continue  # structlog's own, taken out before the line is written
        if name not in ALLOWED_FIELDS and not isinstance(value, bool | float | None):
            event[name] = WITHHELD
        elif isinstance(value, str):
            event[name] = clean(value)
        elif not isinstance(value, bool | int | float | None):
            event[name] = clean(str(value))
    return event


def clean(text: str) -> str:
    """The text without e-mail addresses; of URLs only scheme and host are left."""
    if "://" in text:
        text = _URL.sub(r"\g<base>\g<host>", text)
    return _EMAIL.sub(WITHHELD, text) if "@" in text else text


def describe_exception(error: BaseException, *, messages: bool = False) -> str:
    """Class, message where it may be shown, and the stack of an error and its causes, without lines of source."""
    parts: list[str] = []
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        shown = messages or isinstance(current, _OPEN_ERRORS)
        text = str(current) if shown else WITHHELD
        frames = traceback.extract_tb(current.__traceback__)
        stack = "".join(f"\n  {frame.filename}:{frame.lineno} in {frame.name}" for frame in frames)
        parts.append(f"{type(current).__qualname__}: {text}{stack}")
        if isinstance(current, BaseExceptionGroup):
            group = cast("BaseExceptionGroup[BaseException]", current)
            parts.extend(describe_exception(inner, messages=messages) for inner in group.exceptions)
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return "\ncaused by ".join(parts)


class _Origin:
    """Names the process on each line."""

    def __init__(self, service: str, role: str) -> None:
        self._names = {"service": service, "role": role}

    def __call__(self, _logger: object, _method: str, event: EventDict) -> EventDict:
        event.update(self._names)
        return event


class _Exceptions:
    """Turns `exc_info` into the text of `describe_exception`."""

    def __init__(self, *, messages: bool) -> None:
        self._messages = messages

    def __call__(self, _logger: object, _method: str, event: EventDict) -> EventDict:
        info = event.pop("exc_info", None)
        if isinstance(info, tuple):
            info = cast("tuple[object, ...]", info)[1]
        elif info is True or info == 1:
            info = sys.exc_info()[1]
        if isinstance(info, BaseException):
            event["exception"] = describe_exception(info, messages=self._messages)
        return event
