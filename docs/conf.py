"""How Sphinx makes the two sites and the man page: ``scripts/docs`` runs it.

The source folder is the root of the project, not this one: so the links between pages, those to
``../README.md`` and ``../CHANGELOG.md`` among them, are the same links on the site and where the
repository is read.

With the tag ``ru`` the Russian pages are made, as a site of their own in the folder ``ru`` of the
English one: a site has one language, for its menu, its search and the words of the theme.
"""

from __future__ import annotations

import inspect
import os
import re
import sys
from importlib import import_module
from importlib.metadata import version as version_of
from itertools import groupby, starmap
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.locale import _
from sphinx.transforms import SphinxTransform

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.headings import anchors_of
from tests.index import INDEX, RUSSIAN_INDEX, entries
from tests.paths import DOCS, ROOT, RUSSIAN
from tests.surface import PUBLIC
from tests.translations import Rendering

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.util.tags import Tags

project = "cleverapp_async"
author = "the cleverapp_async authors"
project_copyright = author
version = release = version_of("cleverapp-async")

_tags: Tags = globals()["tags"]  # Sphinx puts it there

if _tags.has("ru"):
    language = "ru"
    project_copyright = "авторы cleverapp_async"
    index = RUSSIAN_INDEX
    include_patterns = ["README.ru.md", "docs/ru/*.md"]
    exclude_patterns = []
    locale_dirs = ["docs/locale"]  # the words of the theme, which has no translations of its own
else:
    language = "en"
    index = INDEX
    include_patterns = ["*.md", "docs/**.md", "benchmarks/README.md", "examples/README.md"]
    exclude_patterns = ["README.ru.md", "docs/ru"]
exclude_patterns += [".*", "build", "cleverapp_async", "requirements", "scripts", "tests"]
root_doc = index.relative_to(ROOT).with_suffix("").as_posix()
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_copybutton"]

myst_heading_anchors = 6  # the links name headings, as a code-hosting page makes anchors of them

# What is copied is what is typed: no prompt, and beside a prompt nothing that was printed.
copybutton_prompt_text = r"\$ |>>> |\.\.\. "
copybutton_prompt_is_regexp = True
copybutton_line_continuation_character = "\\"

html_theme = "furo"
html_static_path = ["static"]
html_css_files = ["site.css"]
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


def _in_other_language(page: Path) -> Path | None:
    """The page that says the same in the other language, if there is one."""
    if page in RUSSIAN:
        return Rendering.read(page).original
    russian = page.with_suffix(".ru.md") if page.parent == ROOT else page.parent / "ru" / page.name
    return russian if russian in RUSSIAN else None


def _place_of(page: Path, *, russian: bool) -> Path:
    """Where a page is from the root of the English site."""
    made = page.relative_to(ROOT).with_suffix(".html")
    return "ru" / made if russian else made


def _link(page: Path, target: Path) -> str:
    """How a page of this site, its search among them, links to one of the other site."""
    here = _place_of(page, russian=_tags.has("ru"))
    return os.path.relpath(_place_of(target, russian=target in RUSSIAN), here.parent)


def _link_to_russian(app: Sphinx, docname: str, source: list[str]) -> None:
    """Put a link to its Russian rendering below the title of an English page."""
    page = Path(app.srcdir, f"{docname}.md")
    russian = _in_other_language(page)
    if page not in RUSSIAN and russian is not None and "[По-русски]" not in source[0]:
        link = os.path.relpath(russian, page.parent)
        source[0] = re.sub(r"\A(# .+\n)", rf"\1\n[По-русски]({link})\n", source[0])


def _link_to_other_language(
    app: Sphinx,
    pagename: str,
    templatename: str,
    context: dict[str, Any],
    doctree: nodes.document | None,
) -> None:
    """Link to pages of the other site from the menu, and for search engines from the head."""
    del templatename, doctree
    page = Path(app.srcdir, f"{pagename}.md")
    context["furo_navigation_tree"] = re.sub(
        rf'(?<=href="){_OTHER_SITE}([^"]+)',
        lambda match: _link(page, ROOT / match[1]),
        context["furo_navigation_tree"],
    )
    other = _in_other_language(page)
    if other is not None:
        code = "ru" if other in RUSSIAN else "en"
        link = f'<link rel="alternate" hreflang="{code}" href="{_link(page, other)}">'
        context["metatags"] = context.get("metatags", "") + link


class _LinkToOtherSite(SphinxTransform):
    """A link to a page of the other language leads to the other site."""

    default_priority = 400

    def apply(self, **kwargs: object) -> None:
        """Replace what Sphinx would look for among the pages of this site."""
        del kwargs
        page = Path(self.env.srcdir, f"{self.env.docname}.md")
        for link in list(self.document.findall(pending_xref)):
            if link["refdomain"] != "doc" or link["reftarget"] in self.env.found_docs:
                continue
            target = Path(self.env.srcdir, f"{link['reftarget']}.md")
            anchor = f"#{link['reftargetid']}" if link["reftargetid"] else ""
            uri = _link(page, target) + anchor
            link.replace_self(nodes.reference("", "", *link.children, refuri=uri, internal=True))


class _NameHeadings(SphinxTransform):
    """The anchor of a heading is the one that it has where the repository is read.

    A Russian heading gets the anchor of the English one, too: a link to it is the same in both
    languages, but for the site.
    """

    default_priority = 710  # the headings have the anchors of their own words

    def apply(self, **kwargs: object) -> None:
        """Put the anchor before those that the headings have."""
        del kwargs
        page = Path(self.env.srcdir, f"{self.env.docname}.md")
        original = Rendering.read(page).original if page in RUSSIAN else page
        names = self.env.metadata[self.env.docname].get("myst_slugs", {})
        sections = self.document.findall(nodes.section)
        for section, anchor in zip(sections, anchors_of(original), strict=False):
            if (own := section.get("slug")) is None:
                break  # what docstrings say follows: it has no anchors in the file
            section["ids"] = [anchor, *(one for one in section["ids"] if one != anchor)]
            self.document.ids[anchor] = section
            line, _, title = names[own]
            names[own] = line, anchor, title


def _add_contents(app: Sphinx, docname: str, source: list[str]) -> None:
    """Make the site's menu of the tables of the index, so that a page is listed in one place."""
    del app
    if docname != root_doc:
        return
    menus = [
        (section, [(entry.title, entry.page) for entry in below])
        for section, below in groupby(entries(index), attrgetter("section"))
    ]
    modules = [(module, DOCS / "api" / f"{module}.md") for module in PUBLIC]
    if _tags.has("ru"):
        menus.append(("Справочник API", modules[:1]))
    else:
        menus.append(("API reference", modules))
    for section, pages in menus:
        lines = "\n".join(starmap(_menu_line, pages))
        source[0] += f"\n```{{toctree}}\n:hidden:\n:caption: {section}\n\n{lines}\n```\n"


def _menu_line(title: str, page: Path) -> str:
    """A line of the menu; a page of the other site has an address that is made right later."""
    if _tags.has("ru") and page not in RUSSIAN:
        return f"{title} (англ.) <{_OTHER_SITE}{page.relative_to(ROOT).as_posix()}>"
    return f"{title} <{os.path.relpath(page, index.parent)}>"


_OTHER_SITE = "site://"
"""Sphinx takes only whole addresses into a menu, which are none from one site to the other."""


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


# These stand in the theme's templates as they are, and not for translation.
_PLAIN_WORDS = (
    ">Skip to content<",
    '"Toggle site navigation sidebar"',
    '"Toggle table of contents sidebar"',
    '"Toggle Light / Dark / Auto color theme"',
)


def _translate_plain_words(app: Sphinx, exception: Exception | None) -> None:
    """Put the words of the theme that it translates into no language into that of the site."""
    if exception is not None or app.builder.format != "html" or language == "en":
        return
    words = {told: f"{told[0]}{_(told[1:-1])}{told[-1]}" for told in _PLAIN_WORDS}
    for page in Path(app.outdir).rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        for told, translated in words.items():
            text = text.replace(told, translated)
        page.write_text(text, encoding="utf-8")


def setup(app: Sphinx) -> None:
    """What Sphinx calls before it begins."""
    app.connect("autodoc-process-bases", _leave_out_private_bases)
    app.connect("doctree-resolved", _unlink_in_man_page)
    app.connect("html-page-context", _link_to_other_language, priority=900)  # after the theme
    app.connect("source-read", _link_to_russian)
    app.connect("source-read", _add_contents)
    app.connect("builder-inited", _name_by_public_module)
    app.connect("build-finished", _translate_plain_words)
    app.add_transform(_LinkToOtherSite)
    app.add_transform(_NameHeadings)
