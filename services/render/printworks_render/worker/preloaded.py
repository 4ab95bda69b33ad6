"""Imported by the server of render processes, and by nobody else; see `forking`."""

from printworks_render.worker import forking

forking.be_a_server()

# Only now, when libraries find out how many threads they may have.
from printworks_render import __main__, engine  # noqa: E402 - see above; a fork runs the worker's main module again
from printworks_render.worker import child  # noqa: E402 - see above

__all__ = ["__main__", "child", "engine"]

engine.load_recipes()
