"""Neon's objects as its API describes them, filled in with what a test does not care for."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from neon.own_cluster import OwnCluster

Body = dict[str, Any]

_COUNTERS = ("cpu_used_sec", "active_time_seconds", "compute_time_seconds", "written_data_bytes", "data_transfer_bytes")


@dataclass
class FakeBranch:
    """A branch: its databases, by the name that clients know, are real ones of the server, or of its own `cluster`."""

    id: str
    name: str
    parent_id: str | None = None
    parent_lsn: str | None = None
    default: bool = False
    protected: bool = False
    expires_at: str | None = None
    annotation: dict[str, str] = field(default_factory=dict)
    databases: dict[str, str] = field(default_factory=dict)
    password: str = ""
    compute: bool = True
    cluster: OwnCluster | None = None
    restricted: list[dict[str, str]] = field(default_factory=list)
    created_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def endpoint_id(self) -> str:
        return f"ep-{self.id.removeprefix('br-')}"


def text(moment: datetime) -> str:
    """A moment as Neon writes it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def error(message: str, code: str = "") -> Body:
    return {"request_id": str(uuid.uuid4()), "code": code, "message": message}


def annotation(branch: FakeBranch) -> Body:
    return {"object": {"type": "console/branch", "id": branch.id}, "value": branch.annotation}


def role(branch: FakeBranch, name: str) -> Body:
    moment = text(branch.created_at)
    return {"branch_id": branch.id, "name": name, "created_at": moment, "updated_at": moment}


def details(uri: str, host: str) -> Body:
    """How to connect, as the answer to a creation has it."""
    parameters = {"database": "d", "password": "p", "role": "r", "host": host, "pooler_host": host}
    return {"connection_uri": uri, "connection_parameters": parameters}


def operation(project_id: str, branch_id: str, action: str, status: str) -> Body:
    moment = text(datetime.now(UTC))
    return {
        "id": str(uuid.uuid4()),
        "project_id": project_id,
        "branch_id": branch_id,
        "action": action,
        "status": status,
        "failures_count": 0,
        "created_at": moment,
        "updated_at": moment,
        "total_duration_ms": 0,
    }


def project(project_id: str, pg_version: int, retention_s: int, *, store_passwords: bool) -> Body:
    moment = text(datetime.now(UTC))
    zero = ("data_storage_bytes_hour", "branch_logical_size_limit", "branch_logical_size_limit_bytes")
    times = ("consumption_period_start", "consumption_period_end", "created_at", "updated_at")
    return {
        **dict.fromkeys((*_COUNTERS, *zero), 0),
        **dict.fromkeys(times, moment),
        "id": project_id,
        "platform_id": "aws",
        "region_id": "aws-us-east-2",
        "name": "shop",
        "pg_version": pg_version,
        "proxy_host": "us-east-2.aws.neon.tech",
        "store_passwords": store_passwords,
        "provisioner": "k8s-neonvm",
        "creation_source": "console",
        "history_retention_seconds": retention_s,
        "owner_id": "org-1",
    }


def branch(project_id: str, one: FakeBranch, state: str) -> Body:
    optional = {
        "parent_id": one.parent_id,
        "parent_lsn": one.parent_lsn,
        "expires_at": one.expires_at,
        "restricted_actions": one.restricted or None,
    }
    moment = text(one.created_at)
    return {
        **dict.fromkeys(_COUNTERS, 0),
        **dict.fromkeys(("state_changed_at", "created_at", "updated_at"), moment),
        "id": one.id,
        "project_id": project_id,
        "name": one.name,
        "current_state": state,
        "creation_source": "console",
        "default": one.default,
        "protected": one.protected,
        **{name: value for name, value in optional.items() if value is not None},
    }


def endpoint(project_id: str, one: FakeBranch, host: str) -> Body:
    moment = text(one.created_at)
    return {
        "host": host,
        "id": one.endpoint_id,
        "project_id": project_id,
        "branch_id": one.id,
        "region_id": "aws-us-east-2",
        "autoscaling_limit_min_cu": 0.25,
        "autoscaling_limit_max_cu": 0.25,
        "type": "read_write",
        "current_state": "active",
        "pooler_enabled": False,
        "pooler_mode": "transaction",
        "disabled": False,
        "passwordless_access": True,
        "creation_source": "console",
        "created_at": moment,
        "updated_at": moment,
        "settings": {"pg_settings": {}},
        "proxy_host": "us-east-2.aws.neon.tech",
        "suspend_timeout_seconds": 0,
        "provisioner": "k8s-neonvm",
    }


def databases(one: FakeBranch, owner: str) -> list[Body]:
    moment = text(one.created_at)
    common = {"branch_id": one.id, "owner_name": owner, "created_at": moment, "updated_at": moment}
    return [{"id": number, "name": name, **common} for number, name in enumerate(one.databases, 1)]
