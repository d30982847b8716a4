"""What a person sees of an import on a terminal."""

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from schemas.imported import ImportReport


def print_import(report: ImportReport) -> None:
    """Rows accepted per kind, rejects per reason, and where the data set is."""
    console = Console(highlight=False)
    kinds = Table("kind", title="Accepted per kind", title_justify="left")
    kinds.add_column("accepted", justify="right")
    for kind, count in report.accepted.items():
        kinds.add_row(kind, f"{count:,}")
    kinds.add_section()
    kinds.add_row("all", f"{report.rows_accepted:,}")
    console.print(kinds)
    if report.rejected:
        rejects = Table("what", "stage", "reason", title="Rejected per reason", title_justify="left")
        rejects.add_column("how many", justify="right")
        for one in sorted(report.rejected, key=lambda one: (one.thing, -one.things, one.reason)):
            rejects.add_row(one.thing, one.stage, one.reason, f"{one.things:,}")
        console.print(rejects)
    facts = Table(title="Import", title_justify="left", show_header=False)
    for name, value in _facts(report).items():
        facts.add_row(name, escape(value))
    console.print(facts)


def _facts(report: ImportReport) -> dict[str, str]:
    source, rows = report.source, max(report.source.rows, 1)
    left_out = (
        f"{report.functions_left_out:,} offers (another split, not usable), {report.turns_left_out:,} later turns"
    )
    return {
        "set": f"{source.set_path}, form {source.form}, licence {source.licence or 'not known'}",
        "rows": f"{source.rows:,} read, {report.rows_accepted:,} accepted ({report.rows_accepted / rows:.0%})",
        "functions": f"{report.functions:,} usable, {report.functions_repaired:,} repaired,"
        f" {report.functions_rejected:,} rejected",
        "left out": left_out,
        "splits": ", ".join(f"{count:,} {split}" for split, count in report.splits.items()),
        "languages": ", ".join(f"{count:,} {language}" for language, count in report.languages.items()),
        "not checked": "; ".join(report.unchecked),
        "seconds": f"{report.seconds:.1f}",
        "data set": report.dataset_path or "none: nothing was accepted",
        "warehouse": report.warehouse_path,
    }
