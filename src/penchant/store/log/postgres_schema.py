"""The tables of a log in PostgreSQL: numbered steps, as in ``sqlite_schema``.

``STATISTICS 0``: the planner's statistics would keep copies of ids beyond an erasure.
"""

from __future__ import annotations

MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE meta (name text PRIMARY KEY, value text NOT NULL);
    CREATE TABLE head (
        one integer PRIMARY KEY CHECK (one = 1),
        seq bigint NOT NULL, number bigint NOT NULL, version bigint NOT NULL
    );
    INSERT INTO head VALUES (1, 0, 0, 0);
    CREATE TABLE events (
        seq bigint PRIMARY KEY, user_id text NOT NULL, event_id text NOT NULL, session_id text,
        item_id text NOT NULL, event text NOT NULL, value double precision,
        event_time double precision NOT NULL, received_at double precision NOT NULL,
        user_key bytea NOT NULL, event_key bytea NOT NULL UNIQUE
    );
    CREATE INDEX events_of_user ON events (user_key, event_time, seq);
    CREATE TABLE items (
        seq bigint PRIMARY KEY, item_id text NOT NULL UNIQUE, fields text NOT NULL,
        received_at double precision NOT NULL
    );
    CREATE TABLE users (
        seq bigint PRIMARY KEY, user_id text NOT NULL, fields text NOT NULL,
        received_at double precision NOT NULL, user_key bytea NOT NULL UNIQUE
    );
    CREATE TABLE erasures (
        seq bigint PRIMARY KEY, erasure_id text NOT NULL UNIQUE, user_hash text NOT NULL,
        salt text NOT NULL, received_at double precision NOT NULL, scrubbed integer NOT NULL
    );
    CREATE TABLE impressions (
        number bigint PRIMARY KEY, user_id text, request_id text NOT NULL, item_id text NOT NULL,
        model_version text NOT NULL, policy text NOT NULL, position integer NOT NULL,
        propensity double precision, shown_at double precision NOT NULL,
        received_at double precision NOT NULL, user_key bytea,
        impression_key bytea NOT NULL UNIQUE
    );
    CREATE INDEX impressions_of_user ON impressions (user_key);
    CREATE TABLE answers (
        number bigint PRIMARY KEY, answer text, fingerprint text NOT NULL, users bytea NOT NULL,
        received_at double precision NOT NULL, answer_key bytea NOT NULL UNIQUE
    );
    ALTER TABLE events ALTER user_id SET STATISTICS 0, ALTER event_id SET STATISTICS 0,
        ALTER session_id SET STATISTICS 0;
    ALTER TABLE users ALTER user_id SET STATISTICS 0, ALTER fields SET STATISTICS 0;
    ALTER TABLE impressions ALTER user_id SET STATISTICS 0, ALTER request_id SET STATISTICS 0;
    ALTER TABLE answers ALTER answer SET STATISTICS 0;
    """,
)
