"""Chromium without a window: it opens a page in all views, and lists its faults."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import unquote, urlsplit

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "chrome")
PACKAGES = ("playwright", "axe_playwright_python")
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-dev-shm-usage")
#: Rules of axe: WCAG 2.0 to 2.2, levels A and AA, and best practices.
TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
OLDEST_AXE = (4, 10)
SCRIPT = Path(__file__).with_name("faults.js")
#: Rows of a long table are alike: axe gets so many.
ROWS = 20
SHORTEN = """(most) => document.querySelectorAll("tbody").forEach(
    (body) => [...body.rows].slice(most).forEach((row) => row.remove()))"""
TALLEST = 16_000  # px of a picture; Chromium repeats what is further down


@dataclass(frozen=True)
class View:
    """View of a page: width of the window in px, scheme of colors, screen or paper."""

    width: int
    scheme: str = "light"
    media: str = "screen"

    def __str__(self) -> str:
        return f"{self.width} px, {self.scheme if self.media == 'screen' else self.media}"


#: Sheets are A4, less the margins of 1 cm that Chromium leaves.
PAPER = View(718, media="print")
SCREENS = tuple(View(width, scheme) for width in (1300, 800, 400) for scheme in ("light", "dark"))
#: Where contrast is measured, which takes longer than all else: colors are the same at any width.
CONTRAST = (*SCREENS[:2], PAPER)


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong with a page in one view."""

    page: str
    view: View
    kind: str
    element: str
    measure: str

    def __str__(self) -> str:
        return f"{self.page}, {self.view}: {self.kind}: {self.element}: {self.measure}"


def program() -> str | None:
    """Return the path of Chromium, if it is installed."""
    return next(filter(None, map(shutil.which, PROGRAMS)), None)


def lack() -> str | None:
    """Name a missing program and how to install it; empty if all are there."""
    packages = [name for name in PACKAGES if find_spec(name) is None]
    if packages:
        return f"{' and '.join(packages)} not installed: pip install -e '.[browser]'"
    if program() is None:
        return f"no browser: none of {', '.join(PROGRAMS)} is installed"
    return None


class Chromium:
    """A running browser; leave it with ``with``."""

    def __enter__(self) -> Self:
        from playwright.sync_api import sync_playwright

        self._driver = sync_playwright().start()
        try:
            self._browser = self._driver.chromium.launch(
                executable_path=program(), args=list(FLAGS)
            )
        except BaseException:
            self._driver.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self._browser.close()
        self._driver.stop()

    def faults(
        self, path: str | Path, *, folder: str | Path | None = None,
        views: Sequence[View] = (*SCREENS, PAPER),
    ) -> list[Fault]:  # fmt: skip
        """Open a page in all views and return its faults.

        It may load itself, and files in `folder`. Everything that can be unfolded is unfolded.
        """
        path = Path(path).resolve()
        own = None if folder is None else Path(folder).resolve()
        context = self._browser.new_context(viewport={"width": 1300, "height": 900})
        try:
            return [fault for view in views for fault in _seen(context.new_page(), path, own, view)]
        finally:
            context.close()

    def picture(self, path: str | Path, view: View, file: str | Path) -> None:
        """Write the whole page in one view as a PNG file."""
        context = self._browser.new_context(
            viewport={"width": view.width, "height": 900}, color_scheme=view.scheme
        )
        try:
            page = context.new_page()
            page.emulate_media(media=view.media)
            page.goto(Path(path).resolve().as_uri())
            height = min(page.evaluate("document.documentElement.scrollHeight"), TALLEST)
            clip = {"x": 0, "y": 0, "width": view.width, "height": height}
            page.screenshot(path=file, full_page=True, clip=clip)
        finally:
            context.close()


def _seen(page: Any, path: Path, folder: Path | None, view: View) -> Iterator[Fault]:
    """Open the page in one view, and close it."""
    said: list[tuple[str, str, str]] = []
    refused: set[str] = set()

    def load(route: Any) -> None:
        request = route.request
        if _is_own(request.url, path, folder):
            route.continue_()
            return
        refused.add(request.url)
        said.append(("network", request.resource_type, f"asks for {request.url}"))
        route.abort()

    def hear(message: Any) -> None:
        if message.type in ("error", "warning") and message.location.get("url") not in refused:
            said.append(("console", message.type, message.text))

    def refuse(dialog: Any) -> None:
        said.append(("console", dialog.type, f"asks {dialog.message!r}"))
        dialog.dismiss()

    page.route("**/*", load)
    page.on("console", hear)
    page.on("pageerror", lambda error: said.append(("console", "exception", error.message)))
    page.on("dialog", refuse)
    page.set_viewport_size({"width": view.width, "height": 900})
    page.emulate_media(media=view.media, color_scheme=view.scheme)
    page.goto(path.as_uri())
    page.evaluate("document.querySelectorAll('details').forEach((part) => { part.open = true; })")
    found = page.evaluate(
        SCRIPT.read_text("utf-8"), {"paper": view.media == "print", "dark": view.scheme == "dark"}
    )
    found["faults"] += _missing_files(found["links"])
    page.evaluate(SHORTEN, ROWS)
    found["faults"] += _rules_broken(page, view)
    page.close()
    for fault in (*said, *found["faults"]):
        yield Fault(path.name, view, *fault)


def _is_own(url: str, path: Path, folder: Path | None) -> bool:
    parts = urlsplit(url)
    if parts.scheme != "file":
        return parts.scheme == "data"
    file = Path(unquote(parts.path))
    return file == path or (folder is not None and file.is_relative_to(folder))


def _missing_files(links: Sequence[tuple[str, str]]) -> list[tuple[str, str, str]]:
    """Faults of links to files that are not there."""
    return [
        ("link", element, f"there is no file {url}")
        for element, url in links
        if not Path(unquote(urlsplit(url).path)).exists()
    ]


def _rules_broken(page: Any, view: View) -> list[tuple[str, str, str]]:
    """Faults by axe; on paper, of contrast alone."""
    from axe_playwright_python.sync_playwright import Axe

    options: dict[str, Any] = {"resultTypes": ["violations"], "preload": False}
    if view == PAPER:
        options["runOnly"] = {"type": "rule", "values": ["color-contrast"]}
    else:
        options["runOnly"] = {"type": "tag", "values": list(TAGS)}
        options["rules"] = {"color-contrast": {"enabled": view in CONTRAST}}
    answer = Axe().run(page, options=options).response
    version = answer["testEngine"]["version"]
    if tuple(map(int, version.split(".")[:2])) < OLDEST_AXE:
        raise RuntimeError(f"axe {version} is too old: wanted {OLDEST_AXE} or newer")
    return [
        (f"axe {rule['id']}", " ".join(map(str, node["target"])), _summary(node))
        for rule in answer["violations"]
        for node in rule["nodes"]
    ]


def _summary(node: dict[str, Any]) -> str:
    """Message of axe on an element, on one line."""
    lines = node.get("failureSummary", "").splitlines()
    return "; ".join(line.strip() for line in lines[1:] if line.strip())
