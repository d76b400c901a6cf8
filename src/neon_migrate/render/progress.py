"""Events as a person reads them: a live line on a terminal, notices and warnings anywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neon_migrate.events import Notice, Step, Warned
from neon_migrate.render.page import Line, Span

if TYPE_CHECKING:
    from neon_migrate.events import Event
    from neon_migrate.render.page import Page


def live_text(event: Event) -> str | None:
    """What the live line says from this event on; None where the event has nothing to do with it."""
    if not isinstance(event, Step):
        return None
    if event.total:
        return f"{event.what} ({event.done or 0} of {event.total})"
    return event.what if event.done is None else f"{event.what} ({event.done})"


def lasting(event: Event) -> Page:
    """The lines of an event that stay on the screen."""
    match event:
        case Notice(text):
            return (Line((Span("note: ", "dim"), text)),)
        case Warned(text):
            return (Line((Span("warning: ", "warn"), text)),)
    return ()
