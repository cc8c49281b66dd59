"""The tables of a log in SQLite: numbered steps, each run once in the life of a file."""

from __future__ import annotations

MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
    CREATE TABLE head (
        one INTEGER PRIMARY KEY CHECK (one = 1),
        seq INTEGER NOT NULL, number INTEGER NOT NULL, version INTEGER NOT NULL
    ) STRICT;
    INSERT INTO head VALUES (1, 0, 0, 0);
    CREATE TABLE events (
        seq INTEGER PRIMARY KEY, user_id TEXT NOT NULL, event_id TEXT NOT NULL, session_id TEXT,
        item_id TEXT NOT NULL, event TEXT NOT NULL, value REAL, event_time REAL NOT NULL,
        received_at REAL NOT NULL, user_key BLOB NOT NULL, event_key BLOB NOT NULL UNIQUE
    ) STRICT;
    CREATE INDEX events_of_user ON events (user_key, event_time);
    CREATE TABLE items (
        seq INTEGER PRIMARY KEY, item_id TEXT NOT NULL UNIQUE, fields TEXT NOT NULL,
        received_at REAL NOT NULL
    ) STRICT;
    CREATE TABLE users (
        seq INTEGER PRIMARY KEY, user_id TEXT NOT NULL, fields TEXT NOT NULL,
        received_at REAL NOT NULL, user_key BLOB NOT NULL UNIQUE
    ) STRICT;
    CREATE TABLE erasures (
        seq INTEGER PRIMARY KEY, erasure_id TEXT NOT NULL UNIQUE, user_hash TEXT NOT NULL,
        salt TEXT NOT NULL, received_at REAL NOT NULL, scrubbed INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE impressions (
        number INTEGER PRIMARY KEY, user_id TEXT, request_id TEXT NOT NULL, item_id TEXT NOT NULL,
        model_version TEXT NOT NULL, policy TEXT NOT NULL, position INTEGER NOT NULL,
        propensity REAL, shown_at REAL NOT NULL, received_at REAL NOT NULL, user_key BLOB,
        impression_key BLOB NOT NULL UNIQUE
    ) STRICT;
    CREATE INDEX impressions_of_user ON impressions (user_key);
    CREATE TABLE answers (
        number INTEGER PRIMARY KEY, answer TEXT, fingerprint TEXT NOT NULL, users BLOB NOT NULL,
        received_at REAL NOT NULL, answer_key BLOB NOT NULL UNIQUE
    ) STRICT;
    """,
)
"""The first takes an empty file to version 1, the second one of version 1 to version 2, and so on;
a step that has been released is never changed. The version is SQLite's ``user_version``."""
