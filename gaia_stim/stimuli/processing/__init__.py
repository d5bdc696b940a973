"""What is done to pictures after they are made and before they are measured.

Each picture is laid out first (size, mask, background), then changed in luminance until the statistics of the *rounded*
picture, the one that is written, are those of the whole set. Two things only are ever known of the set: its targets,
found in one pass, so that memory does not grow with the pictures. A flat background is left as it is: it is no part of
the stimulus, and a white one would dominate every mean.
"""
