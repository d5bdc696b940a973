"""What is to be shown, as plans: a row and a code for each stimulus, from images and numbers alone."""
