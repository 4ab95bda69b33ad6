"""The renderer's version: it changes whenever the same job would give other pixels."""

RENDERER_VERSION = "1"
