"""Sets of stimuli on disk: pictures, a table with a row for each, and where they came from."""
