"""Tables of plug-ins: every row leads somewhere, and a wrong name to the right ones."""

import pytest

from gaia_stim.errors import ConfigError
from gaia_stim.models import MODELS, OBJECTIVES
from gaia_stim.models.base import Autoencoder
from gaia_stim.models.gaia import Objective
from gaia_stim.networks import NETWORKS
from gaia_stim.networks.base import Family
from gaia_stim.space import SPACINGS
from gaia_stim.tables import look_up

TABLE = {"line": "os.path:join", "wheel": "os.path:split"}


def test_a_name_brings_what_stands_behind_it() -> None:
    from os.path import join

    assert look_up(TABLE, "path", "line") is join


@pytest.mark.parametrize(("name", "hint"), [("lien", " (did you mean 'line'?)"), ("zzzz", ""), ("", "")])
def test_an_unknown_name_lists_the_valid_ones(name: str, hint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        look_up(TABLE, "path", name)
    assert str(caught.value) == f"unknown path '{name}'{hint}; choose from line, wheel"


@pytest.mark.parametrize("name", MODELS)
def test_models(name: str) -> None:
    assert issubclass(look_up(MODELS, "method", name), Autoencoder)


@pytest.mark.parametrize("name", NETWORKS)
def test_networks(name: str) -> None:
    assert issubclass(look_up(NETWORKS, "network", name), Family)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_objectives(name: str) -> None:
    assert isinstance(look_up(OBJECTIVES, "objective", name), Objective)


@pytest.mark.parametrize("name", SPACINGS)
def test_spacings(name: str) -> None:
    assert callable(look_up(SPACINGS, "spacing", name))
