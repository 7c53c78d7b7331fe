"""The viewer that every page brings: one style, its scripts in one scope, and what may run."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path

import jinja2

SCRIPTS = (
    "dom.js",
    "model.js",
    "widths.js",
    "styles.js",
    "screen.js",
    "terminal.js",
    "replay.js",
    "state.js",
    "header.js",
    "findings.js",
    "item.js",
    "lanes.js",
    "brush.js",
    "drawing.js",
    "diagram.js",
    "overview.js",
    "consoles.js",
    "graph.js",
    "moment.js",
    "plots.js",
    "search.js",
    "filters.js",
    "tables.js",
    "controls.js",
    "keyboard.js",
    "main.js",
)
"""The viewer's scripts, in the order in which they run."""

_VIEWER = Path(__file__).parent / "viewer"


def render(title: str, data: str) -> str:
    """Return a page.

    Args:
        title: any text.
        data: what the viewer shows, in base64.
    """
    style, script = _parts()
    return _template().render(
        title=title,
        policy=_policy(style, script),
        style=style,
        script=script,
        data=data,
    )


def _policy(style: str, script: str) -> str:
    """Return the policy that lets nothing else run, and nothing be loaded."""
    return f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}"


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"


@cache
def _parts() -> tuple[str, str]:
    """Return the viewer's style, and its scripts in a scope of their own."""
    scripts = "\n".join((_VIEWER / name).read_text(encoding="utf-8") for name in SCRIPTS)
    style = (_VIEWER / "style.css").read_text(encoding="utf-8")
    return style, f'(() => {{ "use strict";\n{scripts}\n}})();'


@cache
def _template() -> jinja2.Template:
    loader = jinja2.FileSystemLoader(_VIEWER)
    strict = jinja2.StrictUndefined
    return jinja2.Environment(loader=loader, autoescape=True, undefined=strict).get_template(
        "page.html"
    )
