"""The site: `make site` builds build/site from these pages; it opens from disk, without a server or a network."""

import datetime
import re
from typing import Any

import gaia_stim

project = "gaia-stim"
author = "The gaia-stim developers"
release = gaia_stim.__version__
copyright = f"{datetime.date.today():%Y}, {author}"

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_copybutton", "sphinx_design"]
exclude_patterns = ["README.md"]  # the same list for readers of the folder
root_doc = "index"

myst_enable_extensions = ["colon_fence", "deflist", "attrs_block"]
myst_heading_anchors = 4  # the anchors that a code forge gives headings, which the pages' links use

autodoc_typehints = "signature"
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
default_role = "code"
napoleon_google_docstring = True

html_theme = "furo"
html_title = "gaia-stim"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_js_files = ["film_strip.js", "whole_options.js"]
html_show_sourcelink = False
html_copy_source = False
copybutton_prompt_text = r"\$ |>>> "
copybutton_prompt_is_regexp = True

linkcheck_anchors = False


def setup(app: Any) -> None:
    """Links to pages outside this folder, such as ../CONTRIBUTING.md, open the files themselves."""

    def as_files(_app: Any, page: str, text: list[str]) -> None:
        outside = r"\]\(((?:\.\./){%d}[^)#]*\.md)" % (page.count("/") + 1)
        text[0] = re.sub(outside, r"](path:\1", text[0])

    app.connect("source-read", as_files)
