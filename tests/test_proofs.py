"""What was observed once is believed only by the code that observed it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import neon_migrate

_KEY = """
from pathlib import Path
from neon_migrate.ledger.migration import Migration, MigrationFile
from neon_migrate.proofs import proof_keys
from neon_migrate.settings import Settings
up = MigrationFile(Path("1_a.sql"), "SELECT 1")
one = Migration(1, "a", up, None, False, b"x")
print(proof_keys([one], Settings(Path(), Path(), Path()), "18.6"))
"""


def test_another_code_has_other_keys(tmp_path: Path) -> None:
    """Whichever file of the package is another one; the same text has the same keys wherever it is installed."""
    source = Path(neon_migrate.__file__).parent
    keys = []
    for place, more in (("a", ""), ("b", ""), ("c", "# changed\n")):
        package = shutil.copytree(source, tmp_path / place / "neon_migrate", ignore=shutil.ignore_patterns("*.pyc"))
        with (package / "query_relation.py").open("a") as file:
            file.write(more)
        environment = {**os.environ, "PYTHONPATH": str(tmp_path / place), "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run([sys.executable, "-c", _KEY], env=environment, capture_output=True, text=True, check=True)
        keys.append(done.stdout)
    assert keys[0] == keys[1] != keys[2]
