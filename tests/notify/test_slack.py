"""Slack's webhook, against a local HTTP server that takes what Slack takes."""

from __future__ import annotations

import json
import logging
import socket
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from neon_migrate.notify import Link, Message, notifiers, tell
from neon_migrate.notify.slack import Slack, blocks

if TYPE_CHECKING:
    from collections.abc import Iterator

PATH = "/services/T000/B000/sEcReT"
MESSAGE = Message(
    "failure",
    "Deployment of shop failed",
    ("2 of 3 migrations are applied.", "<!channel> & others see no mention."),
    (Link("run", "https://github.com/o/r/actions/runs/1"), Link("pull request #7", "https://github.com/o/r/pull/7")),
)


class Webhook:
    """A receiver; `taken` is what it was sent, `answer` what it says."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.taken: list[Any] = []
        self.answer: tuple[int, str] = (200, "ok")


@contextmanager
def serving() -> Iterator[Webhook]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            webhook.taken.append(json.loads(body))
            status, text = webhook.answer
            self.send_response(status)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *arguments: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    webhook = Webhook(f"http://127.0.0.1:{server.server_port}{PATH}")
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield webhook
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    with serving() as served:
        yield served


def test_a_message_arrives_as_blocks_with_links(webhook: Webhook) -> None:
    """Header, lines and links; nothing in them becomes a mention."""
    assert tell(MESSAGE, {"SLACK_WEBHOOK": webhook.url}) == ()
    (sent,) = webhook.taken
    header, section, context = sent["blocks"]
    assert header["text"] == {"type": "plain_text", "text": "❌ Deployment of shop failed", "emoji": True}
    assert section["text"]["text"].splitlines() == [
        "2 of 3 migrations are applied.",
        "&lt;!channel&gt; &amp; others see no mention.",
    ]
    assert "<https://github.com/o/r/pull/7|pull request #7>" in context["elements"][0]["text"]
    assert sent["text"] == "❌ Deployment of shop failed"


def test_without_a_webhook_nobody_is_told(webhook: Webhook) -> None:
    """A secret that is not set arrives as an empty variable in GitHub's runs."""
    assert tell(MESSAGE, {}) == tell(MESSAGE, {"SLACK_WEBHOOK": " "}) == ()
    assert webhook.taken == []


@pytest.mark.parametrize("answer", [(400, "invalid_payload"), (403, "action_prohibited"), (500, "rollup_error")])
def test_what_slack_refuses_is_a_warning(webhook: Webhook, answer: tuple[int, str]) -> None:
    """Slack's own word for it is in the warning, the URL is not; it is not tried again."""
    webhook.answer = answer
    (warning,) = tell(MESSAGE, {"SLACK_WEBHOOK": webhook.url})
    assert warning == f"Slack could not be told: {answer[0]} {answer[1]}"
    assert len(webhook.taken) == 1


def test_a_slack_that_says_its_url_is_not_quoted(webhook: Webhook) -> None:
    """An answer may quote the path that was asked for."""
    webhook.answer = (404, f"no service at {PATH}, see {webhook.url}")
    (warning,) = tell(MESSAGE, {"SLACK_WEBHOOK": webhook.url})
    assert "sEcReT" not in warning
    assert "no service at ***" in warning


def test_a_slack_that_does_not_answer_is_a_warning() -> None:
    """It takes the connection and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}{PATH}"
        fault = Slack(url, timeout_s=1).send(MESSAGE)
    assert "timed out" in fault
    assert "sEcReT" not in fault


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/services/sEcReT", "ftp://x/sEcReT", "sEcReT", "https://[sEcReT"])
def test_a_url_that_leads_nowhere_is_a_warning(url: str) -> None:
    """Refused, of another scheme, no URL at all, or one that can't be read."""
    (warning,) = tell(MESSAGE, {"SLACK_WEBHOOK": url})
    assert warning.startswith("Slack could not be told: ")
    assert "sEcReT" not in warning


def test_the_url_is_in_no_log_and_no_representation(webhook: Webhook, caplog: pytest.LogCaptureFixture) -> None:
    """Also not where everything is logged."""
    with caplog.at_level(logging.DEBUG):
        slack = Slack(webhook.url)
        slack.send(MESSAGE)
    assert "sEcReT" not in caplog.text + repr(slack)


def test_a_long_message_stays_within_slacks_limits() -> None:
    """150 characters in a header, 3,000 in a section."""
    header, section = blocks(Message("drift", "t" * 500, ("&" * 1000,) * 50))
    assert len(header["text"]["text"]) <= 150
    assert 1000 < len(section["text"]["text"]) <= 3000
    assert set(section["text"]["text"].split("\n")) == {"&amp;" * 399 + "…"}


def test_a_notifier_is_found_by_its_file() -> None:
    """By its name and the variable that holds where to."""
    assert [(one.name, one.variable) for one in notifiers()] == [("Slack", "SLACK_WEBHOOK")]
