"""What goes with a publication: what to cite, and the card of a model."""
