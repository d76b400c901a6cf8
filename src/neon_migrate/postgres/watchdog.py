"""No server outlives its parent: a watchdog process that ends the server when the parent is gone, however it went."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

# A shell, for it starts in 1 ms where Python takes 20. Each line it reads is the process of the server to guard from
# now on, an empty one that there is none. Its standard input is a pipe whose other end only the parent holds: the end
# of the file is the end of the parent, by SIGKILL as well. SIGQUIT is Postgres's immediate shutdown; postmaster.pid
# goes when the last of its processes has. kill -0 alone would not tell: where PID 1 does not reap, the dead stay.
# Without postmaster.pid it is not Postgres yet but a shell that unpacks the data with tar, and may ignore SIGQUIT. A
# parent that was killed between starting that shell and naming it leaves one that goes on unpacking while the folder is
# removed: it is removed until it stays away, and then neither tar nor Postgres finds what it needs.
_SCRIPT = """
pid=
while read -r line; do pid=$line; done
if [ -n "$pid" ] && [ -e "$1/data/postmaster.pid" ]; then
    kill -QUIT "$pid"
    tries=0
    while [ -e "$1/data/postmaster.pid" ] && kill -0 "$pid" && [ "$tries" -lt 500 ]; do
        sleep 0.01
        tries=$((tries + 1))
    done
fi
if [ -n "$pid" ]; then kill -KILL "-$pid"; fi
tries=0
until rm -rf -- "$1" && [ ! -e "$1" ] || [ "$tries" -ge 500 ]; do
    if read -r pid < "$1/data/postmaster.pid"; then kill -QUIT "$pid"; fi
    sleep 0.01
    tries=$((tries + 1))
done
"""


class Watchdog:
    """Ends the server whose data is `folder/data` and removes `folder`, as soon as this process has ended."""

    def __init__(self, folder: Path) -> None:
        """Start watching; the folder need not be there yet."""
        reading, self._writing = os.pipe()
        try:
            self._process = subprocess.Popen(
                ["/bin/sh", "-c", _SCRIPT, "neon-migrate-watchdog", str(folder)],
                stdin=reading,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd="/",
                env={"PATH": os.environ.get("PATH", os.defpath)},
                start_new_session=True,  # Ctrl-C, and kills of the terminal's process group, are not for it
            )
        finally:
            os.close(reading)

    def guard(self, pid: int | None) -> None:
        """Tell which server to end; None when it has ended already."""
        os.write(self._writing, f"{pid or ''}\n".encode())

    def dismiss(self) -> None:
        """Have the folder removed now (after ending a server that is still guarded), and wait for it."""
        os.close(self._writing)
        self._process.wait()
