"""Review: write the page for sales leadership from the published run.

Edit this file: it is yours. It reads top to bottom, and `valuemodel review` runs this very copy.
"""

from __future__ import annotations

from valuemodel.io.sinks import durable
from valuemodel.io.stored import current_run, published, read_run
from valuemodel.periods import Cutoff
from valuemodel.project import Project, Result
from valuemodel.reporting.review import render_review
from valuemodel.reporting.review_tables import ReviewTables


def run(project: Project, as_of: str | None = None) -> Result:
    """Write the page of the run published for ``as_of``, or of the current one."""
    output = project.output
    folder = current_run(output) if as_of is None else published(output, Cutoff.parse(as_of))
    stored = read_run(folder)
    page = render_review(ReviewTables.of_run(stored.tables, stored.manifest))

    name = f"tier_review_{stored.as_of}_v{stored.manifest['model_version']}.html"
    path = output / "reviews" / name
    path.parent.mkdir(exist_ok=True)
    with durable(path) as file:
        file.write(page.encode())
    size = path.stat().st_size
    line = f"review page: {path} ({size / 1e6:.2f} MB)"
    return Result((line,), {"page": str(path), "bytes": size, "run": str(folder)})
