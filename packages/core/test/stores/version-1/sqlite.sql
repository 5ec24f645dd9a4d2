CREATE TABLE IF NOT EXISTS unstale_lanes (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  target TEXT NOT NULL UNIQUE,
  ready_at INTEGER,
  state TEXT NOT NULL
);

CREATE TABLE IF NOT EXISTS unstale_entries (
  lane INTEGER NOT NULL,
  ord INTEGER NOT NULL,
  flying INTEGER NOT NULL,
  item TEXT NOT NULL,
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
  item TEXT NOT NULL,
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

CREATE TABLE IF NOT EXISTS unstale_version (
  one INTEGER NOT NULL PRIMARY KEY,
  version INTEGER NOT NULL
);

CREATE INDEX IF NOT EXISTS unstale_lanes_ready ON unstale_lanes (ready_at);

CREATE INDEX IF NOT EXISTS unstale_entries_item ON unstale_entries (item);

CREATE INDEX IF NOT EXISTS unstale_dead_target ON unstale_dead (target, id);

INSERT INTO unstale_version (one, version) VALUES (1, 1) ON CONFLICT (one) DO NOTHING;
