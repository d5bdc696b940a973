"""One plain function a verb: what a command calls, a notebook can call too."""
