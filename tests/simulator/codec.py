"""How a world writes models down and reads them again: by reference, or as JSON like the services outside of it.

Models are immutable, and each is equal to what it is encoded to and decoded from. So most worlds hand them on as they
are, which makes a million of them possible. One of every `ENCODES_EVERY` encodes and decodes everything for real, and
compares: there a model that comes back as another breaks a promise.
"""

import json
import zlib
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, TypeVar, cast

from printworks_common import outbox
from printworks_common.events.base import Event
from printworks_render.coordinator import store
from printworks_render.coordinator.model import Order
from pydantic import BaseModel

from tests.simulator.world import PromiseBrokenError

ENCODES_EVERY = 16

Model = TypeVar("Model", bound=BaseModel)


class Bytes(bytes):
    """A record's value: the model itself, and its JSON in worlds that encode."""

    model: object


class Text(str):
    """What stands for a model where text is expected: the model itself, and its JSON in worlds that encode."""

    __slots__ = ("model",)
    model: object

    def encode(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        value = Bytes(super().encode(encoding, errors))
        value.model = self.model
        return value


def read(kind: type[Model], written: str | bytes) -> Model:
    """The model that was written."""
    if not isinstance(written, Text | Bytes):
        return kind.model_validate_json(written)
    model = written.model
    if not isinstance(model, kind):
        raise PromiseBrokenError(f"a {type(model).__name__} was read as {kind.__name__}")
    if not written:
        return model
    decoded = kind.model_validate_json(written)
    if decoded != model:
        raise PromiseBrokenError(f"{model!r} was written, {decoded!r} was read")
    return decoded


def read_headers(written: str) -> dict[str, str]:
    return cast("dict[str, str]", written.model if isinstance(written, Text) else json.loads(written))


def encodes(seed: str) -> bool:
    """Whether the world of this seed encodes."""
    return zlib.crc32(seed.encode()) % ENCODES_EVERY == 0


@contextmanager
def writing(*, encoded: bool) -> Generator[None]:
    """Models are written so from here on. Outside of it everything is encoded, and nothing compared."""
    before, _Mode.now = _Mode.now, _compared if encoded else _by_reference
    try:
        yield
    finally:
        _Mode.now = before


def _by_reference(model: BaseModel) -> str:
    text = Text()
    text.model = model
    return text


def _compared(model: BaseModel) -> str:
    text = Text(BaseModel.model_dump_json(model))
    text.model = model
    return text


class _Mode:
    now: Callable[[BaseModel], str] = staticmethod(BaseModel.model_dump_json)


def _written(model: BaseModel, **options: Any) -> str:
    return BaseModel.model_dump_json(model, **options) if options else _Mode.now(model)


class _Headers:
    """Takes the place of the module `json` in the outbox, which writes headers with it."""

    @staticmethod
    def dumps(headers: dict[str, str]) -> str:
        if _Mode.now is not _by_reference:
            return json.dumps(headers)
        text = Text()
        text.model = headers
        return text

    loads = staticmethod(json.loads)


def read_order(text: str) -> Order:
    """An order's document: parsed once, however often it is read."""
    return _parsed(text) if text else read(Order, text)


@lru_cache(64)
def _parsed(text: str) -> Order:
    return read(Order, text)


class _Orders:
    """Takes the place of `Order` where documents are read."""

    model_validate_json = staticmethod(read_order)


STAND_INS: Sequence[tuple[object, str, object]] = (
    (Event, "model_dump_json", _written),
    (Order, "model_dump_json", _written),
    (outbox, "json", _Headers),
    (store, "Order", _Orders),
)
"""What they are put into, its name there, and the thing."""
