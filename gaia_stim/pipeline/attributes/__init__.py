"""Attributes: fitting vectors to labels, applying, showing and auditing them; a file a verb."""
