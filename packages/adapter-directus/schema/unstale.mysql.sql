-- The extension's own tables on MySQL and MariaDB, in the database of Directus. Safe to repeat.
-- Another UNSTALE_TABLE_PREFIX begins every name here instead of unstale_.

CREATE TABLE IF NOT EXISTS unstale_lanes (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  target VARCHAR(300) NOT NULL UNIQUE,
  ready_at BIGINT,
  state LONGTEXT NOT NULL,
  KEY unstale_lanes_ready (ready_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS unstale_entries (
  lane BIGINT NOT NULL,
  ord BIGINT NOT NULL,
  put_back SMALLINT NOT NULL DEFAULT 0,
  hash BIGINT NOT NULL,
  written BIGINT NOT NULL,
  collection LONGTEXT NOT NULL,
  appended_at BIGINT NOT NULL,
  last_at BIGINT NOT NULL,
  refused_in BIGINT NOT NULL,
  size BIGINT NOT NULL,
  revision LONGTEXT NOT NULL,
  first_change LONGTEXT NOT NULL,
  last_change LONGTEXT,
  PRIMARY KEY (lane, ord),
  KEY unstale_entries_hash (hash)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS unstale_dead (
  id VARCHAR(300) NOT NULL PRIMARY KEY,
  target VARCHAR(300) NOT NULL,
  ord BIGINT NOT NULL,
  reason VARCHAR(300) NOT NULL,
  died_at BIGINT NOT NULL,
  collection LONGTEXT NOT NULL,
  appended_at BIGINT NOT NULL,
  last_at BIGINT NOT NULL,
  refused_in BIGINT NOT NULL,
  size BIGINT NOT NULL,
  revision LONGTEXT NOT NULL,
  first_change LONGTEXT NOT NULL,
  last_change LONGTEXT,
  KEY unstale_dead_target (target, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS unstale_inbox (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  body LONGTEXT NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS unstale_arrivals (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  source VARCHAR(300) NOT NULL,
  body LONGTEXT NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS unstale_targets (
  name VARCHAR(300) NOT NULL PRIMARY KEY,
  uid VARCHAR(300) NOT NULL,
  body LONGTEXT NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS unstale_log (
  id VARCHAR(300) NOT NULL PRIMARY KEY,
  target VARCHAR(300) NOT NULL,
  batch VARCHAR(300) NOT NULL,
  verdict SMALLINT NOT NULL,
  items BIGINT NOT NULL,
  body LONGTEXT NOT NULL,
  KEY unstale_log_target (target, id),
  KEY unstale_log_batch (batch, id),
  KEY unstale_log_verdict (verdict, id),
  KEY unstale_log_both (target, verdict, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS unstale_log_items (
  item VARCHAR(300) NOT NULL,
  id VARCHAR(300) NOT NULL,
  PRIMARY KEY (item, id),
  KEY unstale_log_items_id (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS unstale_version (
  one BIGINT NOT NULL PRIMARY KEY,
  version BIGINT NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

INSERT INTO unstale_version (one, version) VALUES (1, 2) ON DUPLICATE KEY UPDATE one = one;

CREATE TABLE IF NOT EXISTS unstale_setup (
  id integer NOT NULL PRIMARY KEY,
  owner varchar(36),
  held_until bigint NOT NULL
);
