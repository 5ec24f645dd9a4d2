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
  flying SMALLINT NOT NULL,
  item VARCHAR(300) NOT NULL,
  collection LONGTEXT NOT NULL,
  appended_at BIGINT NOT NULL,
  last_at BIGINT NOT NULL,
  refused_in BIGINT NOT NULL,
  size BIGINT NOT NULL,
  revision LONGTEXT NOT NULL,
  first_change LONGTEXT NOT NULL,
  last_change LONGTEXT,
  PRIMARY KEY (lane, ord),
  KEY unstale_entries_item (item)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS unstale_dead (
  id VARCHAR(300) NOT NULL PRIMARY KEY,
  target VARCHAR(300) NOT NULL,
  ord BIGINT NOT NULL,
  reason VARCHAR(300) NOT NULL,
  died_at BIGINT NOT NULL,
  item VARCHAR(300) NOT NULL,
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

CREATE TABLE IF NOT EXISTS unstale_version (
  one BIGINT NOT NULL PRIMARY KEY,
  version BIGINT NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

INSERT INTO unstale_version (one, version) VALUES (1, 1) ON DUPLICATE KEY UPDATE one = one;
