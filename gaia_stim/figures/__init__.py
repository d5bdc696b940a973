"""Figures for paper: which panels show a stimulus set, a space or a scale. `drawing.pages` draws them."""
