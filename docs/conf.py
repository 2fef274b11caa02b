"""How Sphinx makes the site and the man page: ``scripts/docs`` runs it.

The source folder is the root of the project, not this one: so the links between pages, those to
``../README.md`` and ``../CHANGELOG.md`` among them, are the same links on the site and where the
repository is read.
"""

from __future__ import annotations

import inspect
import os
import re
import sys
from importlib import import_module
from importlib.metadata import version as version_of
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docutils import nodes

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.index import entries
from tests.paths import DOCS, ROOT, RUSSIAN
from tests.surface import PUBLIC

if TYPE_CHECKING:
    from sphinx.application import Sphinx

project = "cleverapp_async"
author = "the cleverapp_async authors"
project_copyright = author
version = release = version_of("cleverapp-async")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
root_doc = "docs/index"
include_patterns = ["*.md", "docs/**.md", "benchmarks/README.md", "examples/README.md"]
exclude_patterns = [".*", "build", "cleverapp_async", "requirements", "scripts", "tests"]

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

# Looking up the names of other projects would need the network at every build, and what belongs to
# the package itself has no page: but every public name that a text mentions must be there.
nitpicky = True
nitpick_ignore_regex = [("py:.*", rf"(?!(?:{'|'.join(map(re.escape, PUBLIC))})\.[A-Z]\w*$).*")]


def _name_by_public_module(app: Sphinx) -> None:
    """Have every name called by the module that users import it from, in signatures too."""
    del app
    for module in reversed(PUBLIC):
        names: Any = import_module(module)
        for name in names.__all__:
            value = getattr(names, name)
            ours = getattr(value, "__module__", "").startswith("cleverapp_async")
            if ours and (inspect.isclass(value) or inspect.isfunction(value)):
                value.__module__ = module


def _link_to_russian(app: Sphinx, docname: str, source: list[str]) -> None:
    """Put a link to its Russian rendering below the title of an English page."""
    page = Path(app.srcdir, f"{docname}.md")
    russian = page.with_suffix(".ru.md") if page.parent == ROOT else page.parent / "ru" / page.name
    if russian in RUSSIAN and "[По-русски]" not in source[0]:
        link = os.path.relpath(russian, page.parent)
        source[0] = re.sub(r"\A(# .+\n)", rf"\1\n[По-русски]({link})\n", source[0])


def _tell_language(
    app: Sphinx,
    pagename: str,
    templatename: str,
    context: dict[str, Any],
    doctree: nodes.document | None,
) -> None:
    """Let a Russian page say so: for screen readers, hyphenation, and offers to translate."""
    del templatename, doctree
    if Path(app.srcdir, f"{pagename}.md") in RUSSIAN:
        context["language"] = "ru"


def _add_contents(app: Sphinx, docname: str, source: list[str]) -> None:
    """Make the site's menu of the tables of the index, so that a page is listed in one place."""
    del app
    if docname != root_doc:
        return
    menus = [
        (section, [f"{entry.title} <{os.path.relpath(entry.page, DOCS)}>" for entry in below])
        for section, below in groupby(entries(), attrgetter("section"))
    ]
    menus.append(("API reference", [f"api/{module}.md" for module in PUBLIC]))
    source[0] += "".join(
        f"\n```{{toctree}}\n:hidden:\n:caption: {section}\n\n" + "\n".join(pages) + "\n```\n"
        for section, pages in menus
    )


def _unlink_in_man_page(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Leave of a link between pages its words: a man page cannot follow it."""
    del docname
    if app.builder.name == "man":
        for link in list(doctree.findall(nodes.reference)):
            if link.get("internal"):
                link.replace_self(link.children)


def _leave_out_private_bases(
    app: Sphinx, name: str, cls: type, options: object, bases: list[type]
) -> None:
    """Show of what a class inherits only what users know: the methods themselves stand in it."""
    del app, name, cls, options
    ours = [base for base in bases if base.__module__.startswith("cleverapp_async")]
    for base in ours:
        if base.__module__ not in PUBLIC:
            bases.remove(base)
    if not bases:
        bases.append(object)


def setup(app: Sphinx) -> None:
    """What Sphinx calls before it begins."""
    app.connect("autodoc-process-bases", _leave_out_private_bases)
    app.connect("doctree-resolved", _unlink_in_man_page)
    app.connect("html-page-context", _tell_language)
    app.connect("source-read", _link_to_russian)
    app.connect("source-read", _add_contents)
    app.connect("builder-inited", _name_by_public_module)
