"""What all pages share: templates, headers, the policy that lets nothing foreign run, and targets that stay inside."""

import secrets
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from fastapi import Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from printworks_jobs_api.pages import words

_templates = Environment(
    loader=PackageLoader("printworks_jobs_api.pages"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_globals: dict[str, Any] = {"count": words.count, "day": words.day, "reason_title": words.reason_title}
_templates.globals.update(_globals)

_ADMIN = "https://admin.shopify.com"
ANY_SHOP = "*.myshopify.com"
"""For pages that hold nothing of anybody and no form."""


def page(
    name: str,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    frame_shop: str | None = None,
    **values: Any,
) -> HTMLResponse:
    """A page or a part of one. `frame_shop`: whose Shopify admin may show it in a frame; without it, that of a visitor
    who came from there, else nobody's."""
    visitor = values.get("visitor")
    if frame_shop is None and visitor is not None and visitor.embedded:
        frame_shop = visitor.principal.shop
    nonce = secrets.token_urlsafe(16)
    body = _templates.get_template(name).render(nonce=nonce, **values)
    return HTMLResponse(body, status_code=status, headers=_headers(nonce, frame_shop) | dict(headers or {}))


def error_page(status: int, sentence: str, back: str = "/print-jobs") -> Response:
    """What a person sees of an error; in a frame of the Shopify admin too: nobody can be tricked there."""
    return page("refused.html", status=status, frame_shop=ANY_SHOP, sentence=sentence, back=back)


def redirect(target: str) -> RedirectResponse:
    """Go on to a page of ours by GET."""
    return RedirectResponse(target, 303, headers=_headers(secrets.token_urlsafe(16), None))


def is_part(request: Request) -> bool:
    """Whether htmx asks for a part of a page. A page that the browser restores from its history is asked for whole."""
    return "hx-request" in request.headers and "hx-history-restore-request" not in request.headers


def inside(target: str, otherwise: str = "/print-jobs") -> str:
    """The target of a redirect if it is a path of ours: no link may lead a signed-in person elsewhere."""
    parts = urlsplit(target.replace("\\", "/"))
    if parts.scheme or parts.netloc or not parts.path.startswith("/") or parts.path.startswith("//"):
        return otherwise
    return target if target.isprintable() and "\\" not in target else otherwise


def _headers(nonce: str, frame_shop: str | None) -> dict[str, str]:
    ancestors = "'none'" if frame_shop is None else f"https://{frame_shop} {_ADMIN}"
    policy = (
        f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; img-src 'self'; "
        f"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors {ancestors}"
    )
    return {
        "Content-Security-Policy": policy,
        "Referrer-Policy": "same-origin",
        "Cache-Control": "no-store",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Vary": "HX-Request",
    }
