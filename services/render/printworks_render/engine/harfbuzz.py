"""HarfBuzz. Its Python package is compiled and tells a type checker nothing about its names, so they are `Any` here."""

from importlib import import_module
from typing import Any

hb: Any = import_module("uharfbuzz")
