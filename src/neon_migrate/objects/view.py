"""Views (https://www.postgresql.org/docs/current/view-pg-views.html)."""

from __future__ import annotations

from neon_migrate.query_relation import QueryRelationKind

KIND = QueryRelationKind("view", "v", 85)
