"""Conditional requests: strong ETags over the answer, 304 for who has it already (RFC 9110, section 13)."""

import hashlib

from fastapi import Request, Response
from pydantic import BaseModel

from printworks_jobs_api.catalog import IfMatch
from printworks_jobs_api.problems import ProblemError


def answer(request: Request, document: BaseModel, *, etag: str | None = None, link: str | None = None) -> Response:
    """The document as JSON, or 304 without a body when the client's copy is as new."""
    return answer_bytes(request, document.model_dump_json().encode(), "application/json", etag=etag, link=link)


def answer_bytes(
    request: Request, body: bytes, media_type: str, *, etag: str | None = None, link: str | None = None
) -> Response:
    """As `answer`, with a body that is made already."""
    tag = f'"{etag or hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache", "Vary": "Authorization"}
    if link is not None:
        headers["Link"] = link
    if matches(request.headers.get("if-none-match"), tag):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type=media_type, headers=headers)


def matches(header: str | None, tag: str) -> bool:
    """Whether an If-None-Match names this tag; the weak form of a tag counts as the same."""
    if header is None:
        return False
    named = {one.strip().removeprefix("W/") for one in header.split(",")}
    return "*" in named or tag in named


def version_of(request: Request) -> IfMatch:
    """The version that an If-Match asks for, or `*`. Raises ProblemError 400 `invalid_if_match` for anything that is no
    ETag of ours."""
    header = request.headers.get("if-match")
    if header is None:
        return None
    text = header.strip()
    if text == "*":
        return "*"
    text = text.strip('"')
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise ProblemError(400, "invalid_if_match", "If-Match must be the ETag of this entry.")
    return int(text)
