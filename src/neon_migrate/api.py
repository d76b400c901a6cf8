"""The library's verbs, one for each command; each takes a `Project` and gives a frozen report.

from pathlib import Path
from neon_migrate import api

project = api.open_project(Path("."), database_url="postgresql://…")
report = api.status(project)
"""

from __future__ import annotations
