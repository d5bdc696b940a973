"""What a stranger may have written into any record of ours: it is read for what it says, or refused in one message."""

import csv
import io
import json
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from faults.attacks import ODD, places, put
from faults.conftest import ROUND, times
from gaia_stim.designs.readers import read_results
from gaia_stim.errors import GaiaStimError
from gaia_stim.recipe.read import read_recipe
from gaia_stim.runs import open_run
from gaia_stim.stimuli.sets import StimulusSet

SECONDS = 10.0
fuzzed = settings(
    max_examples=times(25, 3000),
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture],
)
