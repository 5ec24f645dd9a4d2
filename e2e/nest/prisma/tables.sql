CREATE TYPE "Status" AS ENUM ('draft', 'LIVE');
CREATE TABLE "User" (id uuid PRIMARY KEY, name text NOT NULL);
CREATE TABLE posts (
  id serial PRIMARY KEY,
  slug text UNIQUE NOT NULL,
  post_title text,
  status "Status" NOT NULL DEFAULT 'draft',
  author_id uuid REFERENCES "User" (id),
  views bigint NOT NULL DEFAULT 0,
  price numeric,
  picture bytea
);
CREATE TABLE "PostTag" (
  "postId" int REFERENCES posts (id) ON DELETE CASCADE,
  tag text,
  weight int NOT NULL DEFAULT 0,
  PRIMARY KEY ("postId", tag)
);
