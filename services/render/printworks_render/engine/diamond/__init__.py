"""The recipe `diamond-painting`. `recipe` has the flow; every other module has one step of it."""

from printworks_render.engine.diamond.recipe import RECIPE

__all__ = ["RECIPE"]
