"""A TCP proxy that holds every byte back for a while: a database that is far away."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable


class DelayingProxy:
    """Listens on a free local port and passes everything on to a server, `delay_s` later in each direction.

    As on a real line the delay is that of the way and not of the amount: what is sent together arrives together.

    round_trips  that clients waited for: TCP's handshakes, and each time one sent something after it was answered
    """

    def __init__(self, server: str | tuple[str, int], round_trip_s: float) -> None:
        self._server = server
        self._delay_s = round_trip_s / 2
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self.round_trips = 0
        self.port = 0

    def __enter__(self) -> Self:
        self._thread.start()
        self.port = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result()
        return self

    def __exit__(self, *ignored: object) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _listen(self) -> int:
        self._listener = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return int(self._listener.sockets[0].getsockname()[1])

    async def _end(self) -> None:
        self._listener.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.round_trips += 1
        await asyncio.sleep(self._delay_s * 2)
        if isinstance(self._server, str):
            behind_reader, behind_writer = await asyncio.open_unix_connection(self._server)
        else:
            behind_reader, behind_writer = await asyncio.open_connection(*self._server)
        with contextlib.suppress(ConnectionError, asyncio.CancelledError):
            line = _Line(self)
            await asyncio.gather(
                self._carry(reader, behind_writer, line.asked), self._carry(behind_reader, writer, line.answered)
            )

    async def _carry(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, seen: Callable[[], None]
    ) -> None:
        on_the_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        delivery = asyncio.ensure_future(self._deliver(on_the_way, writer))
        try:
            while data := await reader.read(1 << 16):
                seen()
                on_the_way.put_nowait((self._loop.time() + self._delay_s, data))
            on_the_way.put_nowait((self._loop.time() + self._delay_s, b""))
            await delivery
        finally:
            delivery.cancel()
            writer.close()

    async def _deliver(self, on_the_way: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter) -> None:
        while True:
            due, data = await on_the_way.get()
            await asyncio.sleep(max(0.0, due - self._loop.time()))
            if not data:
                return
            writer.write(data)
            await writer.drain()


class _Line:
    """Counts the round trips of one connection."""

    def __init__(self, proxy: DelayingProxy) -> None:
        self._proxy = proxy
        self._quiet = True

    def asked(self) -> None:
        if self._quiet:
            self._proxy.round_trips += 1
        self._quiet = False

    def answered(self) -> None:
        self._quiet = True
