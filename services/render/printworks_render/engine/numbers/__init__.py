"""Recipe `paint-by-numbers`: a picture as a canvas of numbered facets, its paints and their quantities."""

from printworks_render.engine.numbers.recipe import RECIPE

__all__ = ["RECIPE"]
