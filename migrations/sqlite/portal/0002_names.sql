-- Names are asked for in small letters, by one statement for every store.
CREATE UNIQUE INDEX people_by_name ON people (lower(username));
