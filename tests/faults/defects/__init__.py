"""Services as somebody could get them wrong, and which part of the proof has to notice."""
