"""Stand-ins for extensions that a build of Postgres lacks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from neon_migrate.errors import StatementError
from neon_migrate.postgres.extensions import offered
from neon_migrate.postgres.scratch import scratch_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from neon_migrate.postgres.scratch import ScratchServer
    from neon_migrate.postgres.session import Session


@pytest.fixture(scope="module", params=[17, 18])
def server(request: pytest.FixtureRequest) -> Iterator[ScratchServer]:
    """A server of each version that comes as a wheel."""
    with scratch_server(major=request.param) as started:
        yield started


@pytest.fixture
def connected(server: ScratchServer) -> Iterator[Session]:
    """A connection to an empty database of it."""
    with server.session(server.create()) as session:
        yield session


def test_whatever_neon_offers_can_be_created(connected: Session) -> None:
    """CREATE EXTENSION works for each extension that Neon offers, in a schema of one's own too."""
    refused = {}
    connected.query("CREATE SCHEMA extensions")
    for extension in offered():
        connected.query("BEGIN")
        try:
            connected.query(f'CREATE EXTENSION IF NOT EXISTS "{extension}" SCHEMA extensions CASCADE')
        except StatementError as error:
            refused[extension] = error.what
        connected.query("ROLLBACK")
    assert len(offered()) > 70
    assert refused == {}


def test_real_ones_are_preferred(server: ScratchServer) -> None:
    """An extension that the build has is the real one, and it is known which are not."""
    name = server.create()
    with server.session(name) as session:
        for extension in ("pg_trgm", "ltree", "fuzzystrmatch", "citext", "hstore", "uuid-ossp", "pg_graphql"):
            session.query(f'CREATE EXTENSION "{extension}"')
        assert session.query("SELECT similarity('word', 'word'), levenshtein('a', 'b'), 'A'::citext = 'a'") == [
            (1.0, 1, True)
        ]
    stand_ins = server.stand_ins(name)
    assert not {"pg_trgm", "ltree", "fuzzystrmatch", "citext", "hstore"} & set(stand_ins)
    assert "pg_graphql" in stand_ins


def test_pgcrypto(connected: Session) -> None:
    """What histories use of pgcrypto works: defaults, hashes, passwords and round trips."""
    connected.query("CREATE SCHEMA extensions")
    connected.query("CREATE EXTENSION pgcrypto WITH SCHEMA extensions")
    connected.query("SET search_path = extensions, public")
    connected.query(
        "CREATE TABLE t (id uuid DEFAULT extensions.gen_random_uuid(), token bytea DEFAULT gen_random_bytes(20))"
    )
    assert connected.query("INSERT INTO t DEFAULT VALUES RETURNING length(token), id IS NOT NULL") == [(20, True)]
    assert connected.query("SELECT encode(digest('abc', 'sha256'), 'hex')") == [
        ("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",)
    ]
    assert connected.query("SELECT length(hmac('data', 'key', 'sha512')), length(digest('abc'::bytea, 'sha1'))") == [
        (64, 20)
    ]
    assert connected.query(
        "SELECT h = crypt('secret', h), h = crypt('wrong', h) FROM crypt('secret', gen_salt('bf', 8)) h"
    ) == [(True, False)]
    assert connected.query("SELECT pgp_sym_decrypt(pgp_sym_encrypt('text', 'key'), 'key')") == [("text",)]


def test_uuid_ossp(connected: Session) -> None:
    """What histories use of uuid-ossp works."""
    connected.query('CREATE EXTENSION "uuid-ossp"')
    connected.query("CREATE TABLE t (a uuid DEFAULT uuid_generate_v4(), b uuid DEFAULT uuid_generate_v1())")
    assert connected.query("INSERT INTO t DEFAULT VALUES RETURNING a IS DISTINCT FROM b") == [(True,)]
    assert connected.query("SELECT uuid_generate_v3(uuid_ns_dns(), 'example.com')::text, uuid_nil()::text") == [
        ("9073926b-929f-31c2-abc9-fad77ae3e8eb", "00000000-0000-0000-0000-000000000000")
    ]
    assert connected.query("SELECT uuid_generate_v5(uuid_ns_url(), 'a') = uuid_generate_v5(uuid_ns_url(), 'a')") == [
        (True,)
    ]


def test_vector(connected: Session) -> None:
    """A column of pgvector's type keeps its length."""
    connected.query("CREATE EXTENSION vector")
    connected.query("CREATE TABLE t (v vector(3))")
    connected.query("INSERT INTO t VALUES ('[1,2,3]')")
    assert connected.query("SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attname = 'v'") == [
        ("vector(3)",)
    ]
    assert connected.query("SELECT v::text FROM t") == [("[1,2,3]",)]
