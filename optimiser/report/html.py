"""Write the report: one file that opens offline and asks nothing of the network."""

from __future__ import annotations

import os
import re
import tempfile
from functools import cache
from importlib import resources
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from optimiser.report import text, view
from optimiser.report.payload import ReportData
from optimiser.report.runtime import chart_runtime

_UNIT_GAP = re.compile(r"(?<=\d) (?=[^\s\d])")


def write_report(data: ReportData, path: Path) -> None:
    """Write the report to ``path``; the file exists whole or not at all.

    Raises ``OSError`` when the folder can not be written to.
    """
    page = render(data)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(page)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def render(data: ReportData) -> str:
    """Render the page; all text of the data is escaped."""
    template = _environment().get_template("report.html.j2")
    return template.render(**view.page(data), payload=view.payload(data), runtime=_chart_runtime())


@cache
def _environment() -> Environment:
    env = Environment(
        loader=PackageLoader("optimiser.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.filters |= {
        "tie": tie,
        "number": text.number,
        "count": text.count,
        "percent": text.percent,
        "quantity": text.quantity,
        "duration": text.duration,
    }
    env.globals["script"] = _script
    return env


def tie(words: str) -> str:
    """Keep numbers and their units on one line with a no-break space."""
    return _UNIT_GAP.sub("\u00a0", words)


def _script(name: str) -> Markup:
    """One of our own script or style files, unescaped."""
    source = resources.files("optimiser.report") / "templates" / name
    return Markup(source.read_text(encoding="utf-8"))


def _chart_runtime() -> Markup:
    """The chart library as a script that can stand inside a page."""
    return Markup(chart_runtime().replace("</script", "<\\/script").replace("<!--", "<\\!--"))
