"""Settings of the documentation site: ``python -m sphinx -W -b html docs build/site``."""

from __future__ import annotations

import sys
from importlib.metadata import metadata
from importlib.metadata import version as installed
from importlib.util import find_spec
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "extensions"))

project = "overlap"
author = "the overlap developers"
project_copyright = "the overlap developers"
release = version = installed("overlap-metrics")
llms_summary = metadata("overlap-metrics")["Summary"] + "."

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "myst_parser",
    "sphinx_design",
    "sphinx_click",
    "sphinx_gallery.gen_gallery",
    "commands",
    "public_names",
    "repository_links",
    "accessible",
    "inner_links",
    "llms",
    "mathml",
]
exclude_patterns = ["gallery/*.py", "gallery/*.ipynb", "gallery/**/README*"]
templates_path = ["templates"]
suppress_warnings = ["config.cache"]  # the order of the gallery is an object

# ------------------------------------------------------------------------------------- pages

myst_enable_extensions = ["colon_fence", "attrs_inline"]
myst_heading_anchors = 4
nitpicky = True
default_role = "py:obj"
# --------------------------------------------------------------------------------- reference

autosummary_generate = True
autodoc_typehints = "none"  # docstrings have shapes and units, too
autodoc_member_order = "groupwise"
autodoc_mock_imports = [] if find_spec("torch") else ["torch"]
numpydoc_show_class_members = False
numpydoc_validation_checks = {
    "GL03", "GL05", "GL06", "GL07", "GL08", "SS01", "SS04", "PR01", "PR02", "PR10", "SA02", "SA03",
}  # fmt: skip
# A docstring of one line may leave obvious parameters out; one that lists them lists all.
numpydoc_validation_overrides = {"PR01": [r"\A(?!(.|\n)*\bParameters\n)"]}

# ----------------------------------------------------------------------------------- gallery

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "gallery",
    "filename_pattern": r"(?<!torch_head)\.py$",  # a test trains it
    "within_subsection_order": "example_pictures.in_order",
    "image_scrapers": ("example_pictures.written_pictures",),
    "reset_argv": "example_pictures.picture_argument",
    "reset_modules": (),
    "min_reported_time": 1e9,
    "show_memory": False,
    "write_computation_times": False,
    "show_signature": False,
    "remove_config_comments": True,
    "download_all_examples": False,
    "abort_on_example_error": True,
}

# ----------------------------------------------------------------------------------- looks

html_theme = "pydata_sphinx_theme"
html_title = f"overlap {release}"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_favicon = "static/mark.svg"
html_math_renderer = "mathml"
html_show_sourcelink = True
html_copy_source = True
html_context = {"default_mode": "auto"}
html_theme_options = {
    "logo": {
        "image_light": "static/mark.svg",
        "image_dark": "static/mark.svg",
        "alt_text": "Two shapes that overlap",
        "text": "overlap",
    },
    "navbar_align": "left",
    "navbar_persistent": ["search-button"],
    "show_prev_next": True,
    "header_links_before_dropdown": 7,
    "footer_start": ["copyright", "version_shown"],
    "footer_end": ["theme-version"],
    "secondary_sidebar_items": ["page-toc", "sourcelink"],
    "navigation_with_keys": False,
    "show_toc_level": 2,
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
html_sidebars = {"index": []}
