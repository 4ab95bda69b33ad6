"""Puts the pages into the application: their routes, their static files, the way to the sign-in."""

from importlib import resources

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.staticfiles import StaticFiles

from printworks_jobs_api.api.context import ServicesDep
from printworks_jobs_api.pages import (
    actions,
    bulk,
    exports,
    orders,
    print_jobs,
    settings,
    settings_assets,
    settings_catalog,
    settings_dry_runs,
    settings_keeping,
    settings_keys,
    settings_storage,
    visit,
)
from printworks_jobs_api.pages.shell import redirect

_home = APIRouter(include_in_schema=False)


def mount(app: FastAPI) -> None:
    """Routes of the pages, their static files, and where people without a session are sent."""
    for one in (
        visit,
        print_jobs,
        orders,
        actions,
        bulk,
        exports,
        settings,
        settings_storage,
        settings_keys,
        settings_assets,
        settings_catalog,
        settings_dry_runs,
        settings_keeping,
    ):
        app.include_router(one.router)
    app.include_router(_home)
    static = resources.files("printworks_jobs_api.pages") / "static"
    app.mount("/static", StaticFiles(directory=str(static)), name="static")
    visit.install(app)


@_home.get("/")
async def home(request: Request, services: ServicesDep, id_token: str = "") -> Response:
    """Where the Shopify admin opens the app, too: then with a session token."""
    if id_token and (way_in := visit.from_admin(request, services, id_token)) is not None:
        return way_in
    await visit.visitor_of(request, services)
    return redirect(print_jobs.PATH)
