"""Faults for real: processes that are killed, disks that are full, files that are broken; a row of docs/reliability.md
each. `make test-faults` runs them all; `make test` runs them with few repetitions."""
