-- The extension's own tables on SQLite, in the database of Directus. Safe to repeat.
-- Another UNSTALE_TABLE_PREFIX begins every name here instead of unstale_.

CREATE TABLE IF NOT EXISTS unstale_lanes (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  target TEXT NOT NULL UNIQUE,
  ready_at INTEGER,
  state TEXT NOT NULL
);

CREATE TABLE IF NOT EXISTS unstale_entries (
  lane INTEGER NOT NULL,
  ord INTEGER NOT NULL,
  put_back INTEGER NOT NULL DEFAULT 0,
  hash INTEGER NOT NULL,
  written INTEGER NOT NULL,
  collection TEXT NOT NULL,
  appended_at INTEGER NOT NULL,
  last_at INTEGER NOT NULL,
  refused_in INTEGER NOT NULL,
  size INTEGER NOT NULL,
  revision TEXT NOT NULL,
  first_change TEXT NOT NULL,
  last_change TEXT,
  PRIMARY KEY (lane, ord)
);

CREATE TABLE IF NOT EXISTS unstale_dead (
  id TEXT NOT NULL PRIMARY KEY,
  target TEXT NOT NULL,
  ord INTEGER NOT NULL,
  reason TEXT NOT NULL,
  died_at INTEGER NOT NULL,
  collection TEXT NOT NULL,
  appended_at INTEGER NOT NULL,
  last_at INTEGER NOT NULL,
  refused_in INTEGER NOT NULL,
  size INTEGER NOT NULL,
  revision TEXT NOT NULL,
  first_change TEXT NOT NULL,
  last_change TEXT
);

CREATE TABLE IF NOT EXISTS unstale_inbox (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  body TEXT NOT NULL
);

CREATE TABLE IF NOT EXISTS unstale_arrivals (
  id INTEGER PRIMARY KEY,
  source TEXT NOT NULL,
  body TEXT NOT NULL
);

CREATE TABLE IF NOT EXISTS unstale_targets (
  name TEXT NOT NULL PRIMARY KEY,
  uid TEXT NOT NULL,
  body TEXT NOT NULL
);

CREATE TABLE IF NOT EXISTS unstale_log (
  id TEXT NOT NULL PRIMARY KEY,
  target TEXT NOT NULL,
  batch TEXT NOT NULL,
  verdict INTEGER NOT NULL,
  items INTEGER NOT NULL,
  body TEXT NOT NULL
);

CREATE TABLE IF NOT EXISTS unstale_log_items (
  item TEXT NOT NULL,
  id TEXT NOT NULL,
  PRIMARY KEY (item, id)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS unstale_version (
  one INTEGER NOT NULL PRIMARY KEY,
  version INTEGER NOT NULL
);

CREATE INDEX IF NOT EXISTS unstale_lanes_ready ON unstale_lanes (ready_at);

CREATE INDEX IF NOT EXISTS unstale_entries_hash ON unstale_entries (hash);

CREATE INDEX IF NOT EXISTS unstale_dead_target ON unstale_dead (target, id);

CREATE INDEX IF NOT EXISTS unstale_log_target ON unstale_log (target, id);

CREATE INDEX IF NOT EXISTS unstale_log_batch ON unstale_log (batch, id);

CREATE INDEX IF NOT EXISTS unstale_log_verdict ON unstale_log (verdict, id);

CREATE INDEX IF NOT EXISTS unstale_log_both ON unstale_log (target, verdict, id);

CREATE INDEX IF NOT EXISTS unstale_log_items_id ON unstale_log_items (id);

INSERT INTO unstale_version (one, version) VALUES (1, 2) ON CONFLICT (one) DO NOTHING;

CREATE TABLE IF NOT EXISTS unstale_setup (
  id integer NOT NULL PRIMARY KEY,
  owner varchar(36),
  held_until bigint NOT NULL
);
