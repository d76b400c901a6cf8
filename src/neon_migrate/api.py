"""The library's verbs, one for each command: each takes a `Project` and gives a frozen report.

    from pathlib import Path
    from neon_migrate import api

    project = api.open_project(Path("."), database_url="postgresql://user:password@host/database")
    if api.status(project).pending:
        api.apply(project)

Every verb raises subclasses of `neon_migrate.errors.NeonMigrateError` and nothing else on purpose. What a verb needs is
imported when it is called, so that importing this module costs next to nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from neon_migrate.events import Observer, silent

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from neon_migrate.apply import ApplyReport
    from neon_migrate.ci.run import Unprepared
    from neon_migrate.compare import CompareReport
    from neon_migrate.deployment import DeployReport, MaintenanceReport, PlanReport, PullRequestReport
    from neon_migrate.diffing import DiffReport
    from neon_migrate.doctor import DoctorReport
    from neon_migrate.export import ExportReport
    from neon_migrate.generate import GenerateReport
    from neon_migrate.importing import ImportReport
    from neon_migrate.init import InitReport
    from neon_migrate.neon.model import RestorePoint
    from neon_migrate.project import Project
    from neon_migrate.rename_candidates import RenameCandidate
    from neon_migrate.report import Report
    from neon_migrate.resolve import ResolveReport
    from neon_migrate.restore import RestorePlan, RestoreReport
    from neon_migrate.rollback import RollbackPlan, RollbackReport
    from neon_migrate.status import StatusReport
    from neon_migrate.undo import UndoReport
    from neon_migrate.validate import ValidateReport
    from neon_migrate.verify import VerifyReport

__all__ = [
    "apply",
    "ci_deploy",
    "ci_doctor",
    "ci_maintenance",
    "ci_plan",
    "ci_pull_request",
    "compare",
    "diff",
    "doctor",
    "dry_run",
    "export",
    "generate",
    "import_schema",
    "init",
    "open_project",
    "resolve",
    "restore",
    "rollback",
    "schema_document",
    "status",
    "undo",
    "validate",
    "verify",
]


def open_project(
    folder: Path,
    *,
    database_url: str | None = None,
    local: bool = False,
    environment: Mapping[str, str] | None = None,
    observer: Observer = silent,
) -> Project:
    """The project around `folder`, with its settings and its database.

    database_url  else NEON_DATABASE_URL, else DATABASE_URL, from `environment` (os.environ) or from .env
    local         the project's own embedded database instead
    observer      is told of everything that happens

    Raises SettingsError, and UsageError for a URL that can't be read. A project without a database is fine for the
    verbs that need none.
    """
    import os

    from neon_migrate.project import Project
    from neon_migrate.settings import load

    settings = load(folder)
    if local:
        from neon_migrate.postgres.local import local_target

        return Project(settings, local_target(settings.root), observer)
    from neon_migrate.postgres.target import resolve_target

    variables = dict(os.environ) if environment is None else environment
    return Project(settings, resolve_target(settings, database_url, variables), observer)


def init(folder: Path, *, github: bool = False, action: str | None = None) -> InitReport:
    """Write a project's first files into `folder`; what exists is left as it is. See `neon_migrate.init`."""
    from neon_migrate.init import init as verb

    return verb(folder, github=github, action=action)


def generate(
    project: Project,
    *,
    name: str | None = None,
    allow_data_loss: bool = False,
    check: bool = False,
    offline: bool = False,
    confirm_rename: Callable[[RenameCandidate], bool] | None = None,
) -> GenerateReport:
    """Write the migrations that bring the folder in step with schema.json; see `neon_migrate.generate`."""
    from neon_migrate.generate import generate as verb

    return verb(
        project,
        name=name,
        allow_data_loss=allow_data_loss,
        check=check,
        offline=offline,
        confirm_rename=confirm_rename,
    )


def validate(project: Project, *, since: int | None = None) -> ValidateReport:
    """Everything that can be known before pushing; see `neon_migrate.validate`."""
    from neon_migrate.validate import validate as verb

    return verb(project, since=since)


def status(project: Project) -> StatusReport:
    """What is applied, what is pending, and each fault of the history; see `neon_migrate.status`."""
    from neon_migrate.status import status as verb

    return verb(project)


def apply(project: Project, *, to: int | None = None, dry_run: bool = False) -> ApplyReport:
    """Apply what is pending, up to and including version `to`; see `neon_migrate.apply`."""
    from neon_migrate.apply import apply as verb

    return verb(project, to=to, dry_run=dry_run)


def dry_run(
    project: Project,
    *,
    branch_name: str | None = None,
    keep: bool = False,
    show_values: bool = False,
    environment: Mapping[str, str] | None = None,
) -> Report:
    """Rehearse what is pending on a copy of the database, forward and back; see `neon_migrate.dry_run`."""
    from neon_migrate.dry_run import dry_run as verb

    return verb(project, branch_name=branch_name, keep=keep, show_values=show_values, environment=environment)


def resolve(project: Project, version: int, *, applied: bool) -> ResolveReport:
    """Set the ledger right about one version; see `neon_migrate.resolve`."""
    from neon_migrate.resolve import resolve as verb

    return verb(project, version, applied=applied)


def restore(
    project: Project,
    point: RestorePoint,
    *,
    environment: Mapping[str, str],
    confirm: Callable[[RestorePlan], bool],
    preserve_under_name: str = "",
) -> RestoreReport:
    """Take production's Neon branch back to an earlier state; see `neon_migrate.restore`."""
    from neon_migrate.restore import restore as verb

    return verb(project, point, environment=environment, confirm=confirm, preserve_under_name=preserve_under_name)


def verify(project: Project) -> VerifyReport:
    """Whether the database has what its applied migrations should have left; see `neon_migrate.verify`."""
    from neon_migrate.verify import verify as verb

    return verb(project)


def compare(project: Project) -> CompareReport:
    """Every difference between the database and its applied migrations; see `neon_migrate.compare`."""
    from neon_migrate.compare import compare as verb

    return verb(project)


def diff(
    project: Project,
    before: str,
    after: str,
    *,
    allow_data_loss: bool = False,
    offline: bool = False,
    tried: bool = True,
    base: Path | None = None,
) -> DiffReport:
    """What separates two schemas, and the SQL from one to the other; see `neon_migrate.diffing`."""
    from neon_migrate.diffing import diff as verb

    return verb(project, before, after, allow_data_loss=allow_data_loss, offline=offline, tried=tried, base=base)


def rollback(
    project: Project,
    version: int,
    *,
    confirm: Callable[[RollbackPlan], bool],
    tracking_only: bool = False,
    allow_data_loss: bool = False,
    computed_downs: bool = False,
) -> RollbackReport:
    """Take `version` and every later applied migration back; see `neon_migrate.rollback`."""
    from neon_migrate.rollback import rollback as verb

    return verb(
        project,
        version,
        confirm=confirm,
        tracking_only=tracking_only,
        allow_data_loss=allow_data_loss,
        computed_downs=computed_downs,
    )


def undo(project: Project, version: int, *, allow_data_loss: bool = False) -> UndoReport:
    """Write a new migration that takes `version` back; see `neon_migrate.undo`."""
    from neon_migrate.undo import undo as verb

    return verb(project, version, allow_data_loss=allow_data_loss)


def export(project: Project, *, output: Path | None = None) -> ExportReport:
    """Write the full schema without data to a file, proven by restoring it; see `neon_migrate.export`."""
    from neon_migrate.export import export as verb

    return verb(project, output=output)


def doctor(project: Project) -> DoctorReport:
    """From URL to `SELECT 1`, step by step; see `neon_migrate.doctor`."""
    from neon_migrate.doctor import doctor as verb

    return verb(project)


def schema_document() -> dict[str, object]:
    """The JSON Schema of schema.json, for editors."""
    from neon_migrate.sources.schema_json.json_schema import schema_document as verb

    return verb()


def import_schema(
    project: Project, *, source: Literal["live", "migrations"], output: Path | None = None, replace: bool = False
) -> ImportReport:
    """schema.json from a live database or from the migrations; see `neon_migrate.importing`."""
    from neon_migrate.importing import import_schema as verb

    return verb(project, source=source, output=output, replace=replace)


def ci_pull_request(
    project: Project | Unprepared, environment: Mapping[str, str], *, output: Path
) -> PullRequestReport:
    """Validate and rehearse what a pull request brings, and tell its reviewers; see `neon_migrate.ci.pull_request`."""
    from neon_migrate.ci.pull_request import pull_request as verb

    return verb(project, environment, output=output)


def ci_plan(project: Project | Unprepared, environment: Mapping[str, str], *, deploy_to: str) -> PlanReport:
    """What a deployment would do, for somebody to approve; see `neon_migrate.ci.plan`."""
    from neon_migrate.ci.plan import plan as verb

    return verb(project, environment, deploy_to=deploy_to)


def ci_deploy(
    project: Project | Unprepared,
    environment: Mapping[str, str],
    *,
    approved: str | None,
    deploy_to: str,
    output: Path,
) -> DeployReport:
    """What was approved, onto production; see `neon_migrate.ci.deploy`."""
    from neon_migrate.ci.deploy import deploy as verb

    return verb(project, environment, approved=approved, deploy_to=deploy_to, output=output)


def ci_doctor(project: Project, environment: Mapping[str, str], *, deploy_to: str) -> DoctorReport:
    """Whether a workflow has what it needs, from inside a run; see `neon_migrate.ci.doctor`."""
    from neon_migrate.ci.doctor import ci_doctor as verb

    return verb(project, environment, deploy_to=deploy_to)


def ci_maintenance(
    project: Project | Unprepared,
    environment: Mapping[str, str],
    *,
    tasks: Sequence[Literal["compare", "export", "sweep"]] = ("compare", "export", "sweep"),
    output: Path,
    propose_as: str = "",
    commit_as: str = "",
) -> MaintenanceReport:
    """Drift, export and expired branches, on a schedule; see `neon_migrate.ci.maintenance`."""
    from neon_migrate.ci.maintenance import maintenance as verb

    return verb(project, environment, tasks=tasks, output=output, propose_as=propose_as, commit_as=commit_as)
