"""The page of `export`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neon_migrate.render.differences import differences_tree
from neon_migrate.render.page import Line, Span, plural, short_path

if TYPE_CHECKING:
    from neon_migrate.export import ExportReport
    from neon_migrate.render.page import Page


def export_page(report: ExportReport) -> Page:
    """The file, and whether restoring it gave the same schema."""
    size = f"{plural(report.objects, 'object')}, {plural(report.bytes, 'byte')}"
    versions = f"PostgreSQL {report.server_version}, pg_dump {report.pg_dump_version}"
    written = Line((Span("wrote ", "good"), short_path(report.path), f" ({size}; {versions})"))
    if report.proven:
        proof = Line((Span("proven: ", "good"), "restored into an empty database, it gives the same schema."))
        return (written, proof)
    if report.differences:
        return (written, differences_tree("Restored, it is not the same", report.differences))
    return (written, Line((Span("not proven: ", "warn"), report.unproven)))
