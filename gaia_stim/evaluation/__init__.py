"""Measuring a model: what it is asked, and what it answers in figures and in words."""
