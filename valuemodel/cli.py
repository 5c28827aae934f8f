"""The command line: thin, quiet on stdout but for results, with exit codes that schedulers know.

Why this way: a command opens the project and calls the project's own pipeline; what it computes is in
the pipeline, where a data scientist can read and edit it. Heavy libraries are imported by the command
that needs them, so that help answers at once. The clock is read here, once, and nowhere else.
"""

from __future__ import annotations

import gc
import signal
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from valuemodel.exceptions import UsageError, ValueModelError
from valuemodel.periods import Cutoff
from valuemodel.project import Project, Result
from valuemodel.settings.files import find_settings, project_root, set_names, settings_with_cutoffs
from valuemodel.terminal import Say, fail, known, show, stopping, terminated, working
from valuemodel.version import __version__

if TYPE_CHECKING:
    from valuemodel.evaluation.time_discipline import Discipline

_OBJECTS_BETWEEN_COLLECTIONS = 200_000

app = typer.Typer(
    name="valuemodel",
    help="What each account will be worth, how likely it is to leave, and which tier it deserves.",
    no_args_is_help=True,
    add_completion=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
data = typer.Typer(help="Public data sets to try it on.", no_args_is_help=True)
app.add_typer(data, name="data")

SettingsPath = Annotated[
    Path | None,
    typer.Option("--settings", help="Settings file; default: valuemodel.toml here or above."),
]
Book = Literal["whole", "contracts", "transactions"]
_BOOKS: dict[Book, str] = {
    "whole": "valuemodel.toml",
    "contracts": "pipelines/demo_contracts.toml",
    "transactions": "pipelines/demo_transactions.toml",
}
Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout, also on failure.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")]
AsOf = Annotated[
    str | None,
    typer.Option("--as-of", help="Use nothing from this date on; default: the end of the data."),
]
OfRun = Annotated[
    str | None,
    typer.Option("--as-of", help="Of which published run; default: the current one."),
]


@app.callback(invoke_without_command=True)
def _top(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if version:
        print(f"valuemodel {__version__}")
        raise typer.Exit


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="Where the project is to be.")],
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Lay out a new project: pipelines, models, settings."""
    from valuemodel import scaffold

    written = scaffold.init(folder)
    lines = [f"made {path}" for path in written]
    lines.append(
        f"next: name your tables in {folder / 'valuemodel.toml'}, or run 'valuemodel demo' there"
    )
    show(Result(tuple(lines), {"written": [str(path) for path in written]}), as_json, quiet)


@app.command()
def demo(
    accounts: Annotated[int, typer.Option(help="How many accounts the world has.")] = 3_000,
    seed: Annotated[int, typer.Option(help="Another seed, another world.")] = 0,
    book: Annotated[
        Book | None,
        typer.Option(help="What the business keeps books of; default: what the settings declare."),
    ] = None,
    settings: SettingsPath = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Run the whole job on a synthetic business: tables, check, train, score, review."""
    if book is not None:
        root = project_root((settings or find_settings(Path.cwd())).absolute())
        settings = root / _BOOKS[book]
    with _open(settings) as project:
        result = _step(project, "demo", quiet, accounts=accounts, seed=seed)
    show(result, as_json, quiet)


@app.command()
def check(
    features: Annotated[
        bool, typer.Option("--features", help="Check as well that no feature sees the future.")
    ] = False,
    as_of: Annotated[
        str | None,
        typer.Option(
            "--as-of", help="With --features: the cutoff; default: past ones within the data."
        ),
    ] = None,
    settings: SettingsPath = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Read the tables and say in one screen what was accepted, repaired and set aside."""
    if as_of is not None and not features:
        problem = "the tables are checked as a whole; --as-of goes with --features"
        raise UsageError(problem, received=as_of, hint="add --features")
    with _open(settings) as project:
        with working("reading the tables", quiet):
            report = project.tables.report
        lines, document = tuple(report.lines()), dict(report.as_document())
        if features:
            with working("building every feature again", quiet):
                discipline = _time_discipline(project, as_of)
            lines += tuple(discipline.lines())
            document["time_discipline"] = discipline.as_document()
    show(Result(lines, document), as_json, quiet)


@app.command()
def train(
    as_of: AsOf = None,
    no_promote: Annotated[
        bool, typer.Option("--no-promote", help="Leave the champion as it is.")
    ] = False,
    settings: SettingsPath = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Fit a challenger, judge it out of time, and promote it if the gate says so."""
    _pipeline("train", settings, as_json, quiet, as_of=as_of, promote=not no_promote)


@app.command()
def backtest(
    as_of: AsOf = None,
    permutations: Annotated[
        int,
        typer.Option(
            help="Ask the gate so often with labels of other accounts, and once after refitting."
        ),
    ] = 0,
    settings: SettingsPath = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Compare all candidates out of time and write the tidy table."""
    _pipeline("backtest", settings, as_json, quiet, as_of=as_of, permutations=permutations)


@app.command()
def compare(
    settings: Annotated[
        list[Path] | None,
        typer.Option(
            "--settings",
            help="Settings file, as often as there are sets; default: all in pipelines/ that name "
            "cutoffs to be judged on.",
        ),
    ] = None,
    markdown: Annotated[
        Path | None,
        typer.Option(help="Where the table is to be; default: output/comparison/comparison.md."),
    ] = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Lay the backtests of several settings files side by side in one table."""
    paths = settings or settings_with_cutoffs(project_root(find_settings(Path.cwd())))
    named = dict(zip(set_names(paths), paths, strict=True))
    with _open(paths[0]) as home, working("compare …", quiet):
        result = home.pipeline("compare")(home.root, _opened(named), markdown)
    show(result, as_json, quiet)


@app.command()
def search(
    trials: Annotated[
        int, typer.Option(help="The budget: how many definitions, with the one in force.")
    ] = 30,
    seed: Annotated[int, typer.Option(help="Another seed, other trials.")] = 0,
    as_of: AsOf = None,
    settings: SettingsPath = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Try other definitions inside the training span; nothing in models/ is changed."""
    _pipeline("search", settings, as_json, quiet, as_of=as_of, trials=trials, seed=seed)


@app.command()
def score(
    as_of: AsOf = None,
    model: Annotated[
        str, typer.Option(help="champion, challenger, previous, or a version number.")
    ] = "champion",
    settings: SettingsPath = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Score the whole book, cut the tiers and publish the run."""
    started = datetime.now(UTC).isoformat(timespec="seconds")  # noqa: TID251 - the clock, once
    _pipeline("score", settings, as_json, quiet, as_of=as_of, model=model, started=started)


@app.command()
def tier(
    policy: Annotated[
        Path | None,
        typer.Option(help="The policy file to try; default: the project's models/tiers.toml."),
    ] = None,
    person: Annotated[
        str | None,
        typer.Option("--for", help="Only the accounts that this person owns or reviews."),
    ] = None,
    as_of: OfRun = None,
    settings: SettingsPath = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Replay a tier policy on a published run, without a model, and say who would move."""
    _pipeline("tier", settings, as_json, quiet, as_of=as_of, policy=policy, person=person)


@app.command()
def explain(
    account: Annotated[str, typer.Argument(help="The account's id.")],
    as_of: OfRun = None,
    settings: SettingsPath = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Write the brief of one account: its tier and why, what changed, what is due."""
    _pipeline("explain", settings, as_json, quiet, account=account, as_of=as_of)


@app.command()
def review(
    as_of: AsOf = None,
    settings: SettingsPath = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Write the page for sales leadership from the published run."""
    _pipeline("review", settings, as_json, quiet, as_of=as_of)


@app.command()
def promote(
    version: Annotated[str, typer.Argument(help="A version number, or challenger.")] = "challenger",
    force: Annotated[bool, typer.Option("--force", help="Promote against the gate.")] = False,
    reason: Annotated[str, typer.Option(help="Why; required with --force.")] = "",
    settings: SettingsPath = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Make a version champion; its gate must have passed, or a reason is recorded."""
    _pipeline("promote", settings, as_json, quiet, version=version, forced=force, reason=reason)


@app.command()
def rollback(
    reason: Annotated[str, typer.Option(help="Why; it is recorded.")],
    settings: SettingsPath = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Make the previous champion champion again."""
    with _open(settings) as project:
        version = project.tracking.rollback(reason)
    line = f"champion is version {version.number} again"
    show(Result((line,), {"champion": version.number}), as_json, quiet)


@data.command("get")
def data_get(
    name: Annotated[str, typer.Argument(help="Which data set; 'valuemodel data list' names them.")],
    original: Annotated[
        Path | None, typer.Option("--from", help="A file that you downloaded yourself.")
    ] = None,
    settings: SettingsPath = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Download a public data set from its original source, in the layout our settings expect."""
    from valuemodel.io.public import get_public

    with _open(settings) as project:
        folder = project.root / "data" / "public"
    written = get_public(name, folder, original=original, report=Say(quiet))
    lines = tuple(f"ready: {path}" for path in written)
    show(Result(lines, {"files": [str(path) for path in written]}), as_json, quiet)


@data.command("list")
def data_list(as_json: Json = False, quiet: Quiet = False) -> None:
    """Name the public data sets, with their sources and licences."""
    from valuemodel.io.public import PUBLIC

    lines = tuple(f"{name:16} {source.title}" for name, source in PUBLIC.items())
    document = {name: source.title for name, source in PUBLIC.items()}
    show(Result(lines, {"data": document}), as_json, quiet)


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code.

    Parameters
    ----------
    arguments : sequence of str
        What follows ``valuemodel`` on the command line.
    """
    signal.signal(signal.SIGTERM, terminated)
    # Queries of many features are built of millions of small objects that all live on: looking for
    # garbage among them every 700 costs a tenth of the time of a training.
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)
    as_json = "--json" in arguments
    try:
        outcome = app(args=list(arguments), prog_name="valuemodel", standalone_mode=False)
    except ValueModelError as error:
        return fail(error, as_json)
    except KeyboardInterrupt:
        return 130
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 1
    except Exception as error:
        return 143 if stopping() else fail(known(error), as_json)
    return outcome if isinstance(outcome, int) else 0


def _open(settings: Path | None) -> Project:
    now = datetime.now(UTC)  # noqa: TID251 - the clock, once
    project = Project.open(settings)
    project.now = Cutoff(now.astimezone(project.settings.project.zone).replace(tzinfo=None))
    return project


def _opened(named: Mapping[str, Path]) -> Iterator[tuple[str, Project]]:
    """Open one project after the other, so that only one book lies in memory."""
    for name, path in named.items():
        with _open(path) as project:
            yield name, project


def _time_discipline(project: Project, as_of: str | None) -> Discipline:
    from valuemodel.evaluation.time_discipline import require_time_discipline

    cutoff = None if as_of is None else Cutoff.parse(as_of)
    return require_time_discipline(project.builder, project.settings.value.tiering, cutoff)


def _pipeline(
    name: str, settings: Path | None, as_json: bool, quiet: bool, **arguments: object
) -> None:
    with _open(settings) as project:
        result = _step(project, name, quiet, **arguments)
    show(result, as_json, quiet)


def _step(project: Project, name: str, quiet: bool, **arguments: object) -> Result:
    with working(f"{name} …", quiet):
        return project.pipeline(name)(project, **arguments)
