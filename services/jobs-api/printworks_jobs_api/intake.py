"""Which part of the projector takes which kind of event."""

from collections.abc import Awaitable, Callable, Mapping

from printworks_common.errors import PoisonError
from printworks_common.kafka.record import Record

Handler = Callable[[Record], Awaitable[None]]


class Intake:
    """Hands each record to the handler of its event type."""

    def __init__(self, handlers: Mapping[str, Handler]) -> None:
        self._handlers = handlers

    async def handle(self, record: Record) -> None:
        """Raises PoisonError `unknown_event_type` for what nobody here takes."""
        handler = self._handlers.get(record.event_type)
        if handler is None:
            raise PoisonError("The event type is not known here.", code="unknown_event_type")
        await handler(record)
