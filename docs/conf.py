"""How Sphinx makes the site and the man page: ``scripts/docs`` runs it.

The source folder is the root of the project, not this one: so the links between pages, those to
``../README.md`` and ``../CHANGELOG.md`` among them, are the same links on the site and where the
repository is read.
"""

from __future__ import annotations

import inspect
from importlib import import_module
from importlib.metadata import version as version_of
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx.application import Sphinx

project = "cleverapp_async"
author = "the cleverapp_async authors"
project_copyright = author
version = release = version_of("cleverapp-async")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
root_doc = "docs/index"
include_patterns = ["*.md", "docs/**.md", "benchmarks/README.md"]
exclude_patterns = [".*", "build", "cleverapp_async", "examples", "requirements", "scripts", "tests"]

myst_heading_anchors = 6  # the links name headings, as a code-hosting page makes anchors of them

html_theme = "furo"
html_title = f"cleverapp_async {version}"
html_copy_source = False
html_theme_options = {"navigation_with_keys": True}

man_pages = [
    ("docs/commands", "cleverapp", "send messages through the CleverApp API", [author], 1),
]

autodoc_member_order = "alphabetical"
autodoc_typehints = "signature"
autodoc_class_signature = "mixed"
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True

# Names of other projects are no links: looking them up would need the network at every build. Ours
# must all lead somewhere.
nitpicky = True
nitpick_ignore_regex = [("py:.*", r"(?!cleverapp_async\.).*")]


def _name_by_public_module(app: Sphinx) -> None:
    """Have every name called by the module that users import it from, in signatures too."""
    del app
    from tests.surface import PUBLIC  # noqa: PLC0415 - after Sphinx has set the path

    for module in reversed(PUBLIC):
        names: Any = import_module(module)
        for name in names.__all__:
            value = getattr(names, name)
            ours = getattr(value, "__module__", "").startswith("cleverapp_async")
            if ours and (inspect.isclass(value) or inspect.isfunction(value)):
                value.__module__ = module


def setup(app: Sphinx) -> None:
    """What Sphinx calls before it begins."""
    app.connect("builder-inited", _name_by_public_module)
