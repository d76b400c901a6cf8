"""No server outlives its parent: a watchdog process that ends the server when the parent is gone, however it went."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

# A shell, for it starts in 1 ms where Python takes 20. It reads two lines: the server's pid, and "done" when the parent
# has ended the server itself. Its standard input is a pipe whose only other end the parent holds, so that a parent killed
# by SIGKILL is an end of file. SIGQUIT is Postgres's immediate shutdown; postmaster.pid goes when the last of its
# processes has. kill -0 alone will not do: where PID 1 does not reap, a dead server stays a zombie.
_SCRIPT = """
read -r pid
read -r word
if [ "$word" != done ] && [ -n "$pid" ]; then
    kill -QUIT "$pid" 2>/dev/null
    tries=0
    while [ -e "$1/data/postmaster.pid" ] && kill -0 "$pid" 2>/dev/null && [ "$tries" -lt 500 ]; do
        sleep 0.01
        tries=$((tries + 1))
    done
fi
rm -rf -- "$1"
"""


class Watchdog:
    """Ends the server in `folder/data` and removes `folder` as soon as this process has ended.

    keep_open   a descriptor that the watchdog shares, such as that of the folder's lock
    """

    def __init__(self, folder: Path, *, keep_open: int) -> None:
        reading, self._writing = os.pipe()
        try:
            self._process = subprocess.Popen(
                ["/bin/sh", "-c", _SCRIPT, "neon-migrate-watchdog", str(folder)],
                stdin=reading,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd="/",
                env={"PATH": os.environ.get("PATH", os.defpath)},
                pass_fds=(keep_open,),
                start_new_session=True,  # Ctrl-C and kills of the terminal's process group are not for it
            )
        finally:
            os.close(reading)

    def guard(self, pid: int) -> None:
        """The server to end; told once, right after it was started."""
        os.write(self._writing, f"{pid}\n".encode())

    def dismiss(self, *, ended: bool) -> None:
        """Have the folder removed now and wait for it; `ended`: the guarded server has been ended already."""
        if self._writing < 0:
            return
        if ended:
            os.write(self._writing, b"done\n")
        os.close(self._writing)
        self._writing = -1
        self._process.wait()
