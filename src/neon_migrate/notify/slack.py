"""Slack, through an incoming webhook: whoever knows its URL can write to the channel, so the URL is a secret."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from neon_migrate.notify import Notifier

if TYPE_CHECKING:
    from collections.abc import Iterable

    from neon_migrate.notify import Link, Message

TIMEOUT_S = 5
"""How long Slack may take to answer; a deployment does not wait for it."""

_LONGEST_TITLE, _LONGEST_LINE, _LONGEST_TEXT = 150, 400, 3_000
"""Slack refuses a header over 150 characters and a section over 3,000 (docs.slack.dev/reference/block-kit/blocks)."""

_MARKS = {"success": "✅", "failure": "❌", "waiting": "⏳", "drift": "⚠️"}


@dataclass(frozen=True, slots=True)
class Slack:
    """The channel behind a webhook's `url`; printing it never shows the URL."""

    url: str = field(repr=False)
    timeout_s: int = TIMEOUT_S

    def send(self, message: Message) -> str:
        """Post a message, once; gives why Slack did not take it, or nothing. Never raises."""
        from slack_sdk.webhook import WebhookClient

        silent = logging.Logger("neon_migrate.slack")  # slack_sdk writes the URL into its debug log
        silent.disabled = True
        try:
            client = WebhookClient(self.url, timeout=self.timeout_s, logger=silent, retry_handlers=[])
            answer = client.send(text=_plain(message), blocks=blocks(message), unfurl_links=False)
        except Exception as error:  # a courtesy: whatever a network or a wrong URL does
            return self._without_url(f"{type(error).__name__}: {error}")
        return "" if answer.status_code == 200 else self._without_url(f"{answer.status_code} {answer.body[:200]}")

    def _without_url(self, text: str) -> str:
        secrets = (self.url, self.url.partition("://")[2], "/" + self.url.partition("://")[2].partition("/")[2])
        for secret in secrets:
            if len(secret) > 1:
                text = text.replace(secret, "***")
        return text


def blocks(message: Message) -> list[dict[str, Any]]:
    """The message in Slack's Block Kit: a header, its lines, its links."""
    title = f"{_MARKS[message.outcome]} {message.title}"
    found: list[dict[str, Any]] = [
        {"type": "header", "text": {"type": "plain_text", "text": _cut(title, _LONGEST_TITLE), "emoji": True}}
    ]
    if text := _text(message.lines):
        found.append({"type": "section", "text": {"type": "mrkdwn", "text": text}})
    if message.links:
        links = " · ".join(map(_link, message.links))
        found.append({"type": "context", "elements": [{"type": "mrkdwn", "text": links}]})
    return found


def _text(lines: Iterable[str]) -> str:
    """The first lines, as many as there is room for; cut before they are escaped, so that no escape is cut."""
    text = ""
    for line in lines:
        longer = f"{text}{_escaped(_cut(line, _LONGEST_LINE))}\n"
        if len(longer) > _LONGEST_TEXT:
            break
        text = longer
    return text.rstrip()


def _plain(message: Message) -> str:
    """What a notification on a phone shows."""
    return _escaped(f"{_MARKS[message.outcome]} {message.title}")


def _link(link: Link) -> str:
    return f"<{_escaped(link.url).replace('|', '%7C')}|{_escaped(link.text)}>"


def _escaped(text: str) -> str:
    """Slack's three special characters, so that no text becomes a mention or a link of its own."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"


NOTIFIER = Notifier("Slack", "SLACK_WEBHOOK", Slack)
