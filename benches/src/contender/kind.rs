//! What a contender is: a program, where it keeps its data, and how many servers of it share that.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What a contender is. Its name is that of the program and, where there is a choice, of the storage: `auroch-postgres`; several
/// servers on one storage have their number behind it: `auroch-postgres-x3`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Kind {
    /// The program.
    pub program: Program,
    /// Where it keeps its data.
    pub storage: Storage,
    /// How many of it serve the same data.
    pub servers: usize,
}

/// A program that serves.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Program {
    /// etcd, the reference.
    Etcd,
    /// Auroch.
    Auroch,
    /// Auroch with authentication on: each request has a token, and is checked against the permissions of its user.
    AurochAuth,
    /// kine, which serves a part of etcd's API from a database.
    Kine,
    /// kine with a sync before every answer.
    KineSync,
    /// A server that answers without doing anything: the floor.
    Null,
    /// A server that somebody else has started, under a name that the user gave it.
    Elsewhere(String),
}

/// Where data is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Storage {
    /// Files of the program's own, or none.
    Own,
    /// A SQLite file.
    Sqlite,
    /// A PostgreSQL that is started for it.
    Postgres,
    /// sled's files.
    Sled,
    /// The process's memory.
    Memory,
}

impl Program {
    const ALL: [(&'static str, Self); 6] = [
        ("auroch-auth", Self::AurochAuth),
        ("auroch", Self::Auroch),
        ("etcd", Self::Etcd),
        ("kine-sync", Self::KineSync),
        ("kine", Self::Kine),
        ("null", Self::Null),
    ];

    /// The storages it has; the first is meant where none is named.
    fn storages(&self) -> &'static [Storage] {
        match self {
            Self::Etcd | Self::Null | Self::Elsewhere(_) => &[Storage::Own],
            Self::Auroch | Self::AurochAuth => &[Storage::Sqlite, Storage::Postgres, Storage::Sled, Storage::Memory],
            Self::KineSync => &[Storage::Sqlite],
            Self::Kine => &[Storage::Sqlite, Storage::Postgres],
        }
    }

    /// Whether it is kine, in any form.
    #[must_use]
    pub fn is_kine(&self) -> bool {
        matches!(self, Self::Kine | Self::KineSync)
    }

    fn name(&self) -> &str {
        match self {
            Self::Elsewhere(name) => name,
            program => Self::ALL.iter().find(|(_, one)| one == program).map_or("", |(name, _)| name),
        }
    }
}

impl Storage {
    const ALL: [(&'static str, Self); 5] = [
        ("", Self::Own),
        ("-sqlite", Self::Sqlite),
        ("-postgres", Self::Postgres),
        ("-sled", Self::Sled),
        ("-memory", Self::Memory),
    ];

    /// Whether several servers may share it.
    #[must_use]
    pub fn is_shared(self) -> bool {
        self == Self::Postgres
    }

    fn suffix(self) -> &'static str {
        Self::ALL.iter().find(|(_, storage)| *storage == self).map_or("", |(suffix, _)| suffix)
    }
}

impl Kind {
    /// One server of `program` on `storage`.
    #[must_use]
    pub fn one(program: Program, storage: Storage) -> Self {
        Self { program, storage, servers: 1 }
    }

    /// The same with so many servers.
    #[must_use]
    pub fn with_servers(&self, servers: usize) -> Self {
        Self { servers, ..self.clone() }
    }

    /// Whether it is Auroch, in any form.
    #[must_use]
    pub fn is_auroch(&self) -> bool {
        matches!(self.program, Program::Auroch | Program::AurochAuth)
    }

    /// Whether it can be started again on what it has written, and asked without a user whether it is there.
    #[must_use]
    pub fn can_restart(&self) -> bool {
        let keeps = !matches!(self.program, Program::Null | Program::Elsewhere(_));
        keeps && !self.has_users() && self.storage != Storage::Memory
    }

    /// Whether authentication is on.
    #[must_use]
    pub fn has_users(&self) -> bool {
        self.program == Program::AurochAuth
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.program.name(), self.storage.suffix())?;
        if self.servers == 1 { Ok(()) } else { write!(f, "-x{}", self.servers) }
    }
}

impl FromStr for Kind {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let unknown = || format!("there is no contender {name:?}; there are {}", all_names());
        let matching = Program::ALL.iter().find_map(|(n, program)| Some((program.clone(), name.strip_prefix(n)?)));
        let (program, suffix) = matching.ok_or_else(unknown)?;
        let named = Storage::ALL.iter().find(|(s, _)| *s == suffix).map(|(_, storage)| *storage).ok_or_else(unknown)?;
        let storage = if suffix.is_empty() { program.storages()[0] } else { named };
        if program.storages().contains(&storage) { Ok(Self::one(program, storage)) } else { Err(unknown()) }
    }
}

fn all_names() -> String {
    let kinds =
        Program::ALL.iter().flat_map(|(_, p)| p.storages().iter().map(|storage| Kind::one(p.clone(), *storage)));
    kinds.map(|kind| kind.to_string()).collect::<Vec<_>>().join(", ")
}

impl Serialize for Kind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A name that is no contender's is that of a server elsewhere.
impl<'de> Deserialize<'de> for Kind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        let (one, servers) = match name.rsplit_once("-x").and_then(|(one, n)| Some((one, n.parse().ok()?))) {
            Some((one, servers)) => (one, servers),
            None => (name.as_str(), 1),
        };
        let elsewhere = |_| Self::one(Program::Elsewhere(name.clone()), Storage::Own);
        Ok(one.parse().map_or_else(elsewhere, |kind: Self| kind.with_servers(servers)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_program_and_storage() {
        for name in [
            "etcd",
            "null",
            "auroch-sqlite",
            "auroch-postgres",
            "auroch-auth-sled",
            "kine-sync-sqlite",
            "kine-postgres",
        ] {
            assert_eq!(name.parse::<Kind>().unwrap().to_string(), name);
        }
    }

    #[test]
    fn without_a_storage_the_default_is_meant() {
        assert_eq!("auroch".parse(), Ok(Kind::one(Program::Auroch, Storage::Sqlite)));
        assert_eq!("auroch-auth".parse(), Ok(Kind::one(Program::AurochAuth, Storage::Sqlite)));
    }

    #[test]
    fn several_servers_show_their_number() {
        let one: Kind = "auroch-postgres".parse().unwrap();
        assert_eq!(one.with_servers(3).to_string(), "auroch-postgres-x3");
    }

    #[test]
    fn what_is_read_from_json_is_what_was_written() {
        let one: Kind = "auroch-postgres".parse().unwrap();
        let elsewhere = Kind::one(Program::Elsewhere("east-x".to_owned()), Storage::Own);
        for kind in [one.with_servers(3), one, elsewhere] {
            let json = serde_json::to_string(&kind).unwrap();
            assert_eq!(serde_json::from_str::<Kind>(&json).unwrap(), kind);
        }
    }

    #[test]
    fn what_does_not_exist_is_refused_with_what_does() {
        for name in ["", "kine-sled", "etcd-postgres", "auroch-", "auroch-tape"] {
            let error = name.parse::<Kind>().unwrap_err();
            assert!(error.contains("auroch-sled, "), "{error}");
        }
    }
}
