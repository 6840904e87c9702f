//! The commit log in a SQLite file.
