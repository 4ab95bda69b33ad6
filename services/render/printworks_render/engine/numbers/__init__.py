"""Recipe `paint-by-numbers`: a picture as a canvas of numbered facets, its paints and their quantities."""
