"""Materialised views (https://www.postgresql.org/docs/current/view-pg-matviews.html)."""

from __future__ import annotations

from neon_migrate.query_relation import QueryRelationKind

KIND = QueryRelationKind("materialized_view", "m", 86)
