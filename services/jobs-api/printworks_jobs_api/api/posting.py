"""What every POST has in common: its Idempotency-Key, its body, its answer."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Header, Request
from fastapi.responses import JSONResponse
from printworks_common.postgres import Connection

from printworks_jobs_api.api.context import Services, ServicesDep
from printworks_jobs_api.idempotency import Answer, fingerprint
from printworks_jobs_api.keys import Principal

IdempotencyKey = Annotated[
    str | None, Header(description="The same key with the same request does the work once (24 hours).")
]


class Posted:
    """A POST whose effect happens once per Idempotency-Key."""

    def __init__(self, request: Request, services: Services, key: str | None) -> None:
        self._request = request
        self._services = services
        self.key = key

    async def fingerprint(self) -> bytes:
        """Of method, address and body, byte by byte."""
        target = f"{self._request.url.path}?{self._request.url.query}"
        return fingerprint(self._request.method, target, (await self._request.body()).decode("latin-1"))

    async def once(self, principal: Principal, effect: Callable[[Connection], Awaitable[Answer]]) -> JSONResponse:
        """Run the effect in a transaction, or give the answer that it gave before."""
        answer = await self._services.once.run(principal.shop, self.key, await self.fingerprint(), effect)
        return answered(answer)


def answered(answer: Answer) -> JSONResponse:
    """The response to a POST; a repeated one is marked."""
    headers = {"Idempotency-Replayed": "true"} if answer.replayed else None
    return JSONResponse(answer.body, status_code=answer.status, headers=headers)


def posted(request: Request, services: ServicesDep, idempotency_key: IdempotencyKey = None) -> Posted:
    return Posted(request, services, idempotency_key)


PostedDep = Annotated[Posted, Depends(posted)]
