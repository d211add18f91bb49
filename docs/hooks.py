"""Hooks of MkDocs: documents that stand beside ``docs/`` become pages too, and links to them hold."""

import posixpath
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parent.parent
BESIDE = (
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "LICENSE",
    "SECURITY.md",
    "asset/README.md",
    "data/README.md",
    "data/labels/char_std_5990.txt",
    "tests/README.md",
    "weights/README.md",
    "weights/curves.svg",
    "weights/log.csv",
    "weights/reliability.svg",
)
_LINK = re.compile(r"(\]\()([^)#\s:]+)(#[^)\s]*)?(?=\))")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the documents beside ``docs/``."""
    for name in BESIDE:
        files.append(File.generated(config, name, abs_src_path=str(ROOT / name)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Point the links of a page, which hold in the repository, to the pages of the site."""
    own = page.file.src_uri
    folder = posixpath.dirname(own if own in BESIDE else f"docs/{own}")

    def moved(link: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(folder, link[2]))
        target = target.removeprefix("docs/")
        return link[1] + posixpath.relpath(target, posixpath.dirname(own) or ".") + (link[3] or "")

    return _LINK.sub(moved, markdown)
