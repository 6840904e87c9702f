//! What the driver's errors mean for a caller.

use sqlx::Error;
use sqlx::error::DatabaseError;
use sqlx::postgres::{PgDatabaseError, PgSeverity};
use storage_core::backend::{BackendError, Cause};
use storage_core::commit::CommitCodecError;

/// Why a statement, or what was made of its rows, failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// No connection could be had: nothing was sent.
    #[error("{0}")]
    Connect(String),
    #[error(transparent)]
    Sql(#[from] Error),
    #[error(transparent)]
    Damaged(#[from] CommitCodecError),
    /// The database did not answer in time.
    #[error("the database does not answer")]
    TimedOut,
    /// It has answered, or was never asked: the network has lost the one or the other.
    #[error("the database's answer was lost")]
    Lost,
    #[error("the caller gave up")]
    GaveUp,
}

pub(crate) type Result<T> = std::result::Result<T, Failure>;

/// What a failed statement has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Effect {
    /// Nothing.
    None,
    /// Everything or nothing.
    Unknown,
    /// Nothing, and nothing will be done again before someone mends the database.
    Broken,
}

impl Failure {
    fn effect(&self) -> Effect {
        match self {
            Self::Connect(_) | Self::GaveUp => Effect::None,
            Self::Damaged(_) => Effect::Broken,
            Self::Sql(Error::Database(error)) => of_sqlstate(&error.code().unwrap_or_default(), is_error(&**error)),
            Self::Sql(_) | Self::TimedOut | Self::Lost => Effect::Unknown,
        }
    }

    /// Whether the connection was lost, or was lost already.
    pub(crate) fn lost_connection(&self) -> bool {
        match self {
            Self::Sql(Error::Database(_)) => !self.keeps_connection(),
            Self::Sql(Error::Io(_) | Error::Protocol(_)) | Self::Lost => true,
            _ => false,
        }
    }

    /// Whether the connection may be used again.
    pub(crate) fn keeps_connection(&self) -> bool {
        match self {
            Self::Sql(Error::Database(error)) => {
                let code = error.code().unwrap_or_default().into_owned();
                // Shut down, or a standby: another host may be the primary by now.
                !(code.starts_with("57P") || code.starts_with("08") || code == "25006")
            }
            Self::Damaged(_) | Self::GaveUp => true,
            Self::Connect(_) | Self::Sql(_) | Self::TimedOut | Self::Lost => false,
        }
    }

    /// The error of a write.
    pub(crate) fn of_write(self) -> BackendError {
        let effect = self.effect();
        let cause = self.cause();
        match effect {
            Effect::None => BackendError::Determinate(cause),
            Effect::Unknown => BackendError::Indeterminate(cause),
            Effect::Broken => BackendError::Fatal(cause),
        }
    }

    /// The error of a read, or of something that can be done again.
    pub(crate) fn of_read(self) -> BackendError {
        let broken = self.effect() == Effect::Broken;
        let cause = self.cause();
        if broken { BackendError::Fatal(cause) } else { BackendError::Determinate(cause) }
    }

    /// Whether nobody answered, or only to say that it is not there any more or not yet.
    fn is_unreachable(&self) -> bool {
        matches!(self, Self::Connect(_) | Self::TimedOut) || self.lost_connection()
    }

    fn cause(self) -> Cause {
        let is_unreachable = self.is_unreachable();
        let cause = self.described();
        if is_unreachable { cause.of_nobody_there() } else { cause }
    }

    fn described(self) -> Cause {
        match self {
            Self::Damaged(_) => {
                Cause::with_source("the database is damaged and should be restored from a backup", self)
            }
            Self::Connect(_) => Cause::with_source("the database cannot be reached", self),
            Self::Sql(_) => Cause::with_source("PostgreSQL failed", self),
            Self::TimedOut | Self::Lost | Self::GaveUp => Cause::new(self.to_string()),
        }
    }
}

/// Whether it is an error of a statement, and not one that ends the connection.
fn is_error(error: &dyn DatabaseError) -> bool {
    error.try_downcast_ref::<PgDatabaseError>().is_some_and(|error| matches!(error.severity(), PgSeverity::Error))
}

/// By PostgreSQL's error codes (its documentation, appendix A). An error of a statement of its own transaction has rolled it back,
/// whatever its code: a trigger can raise any. Not so one that ends the connection, which may come after the commit.
fn of_sqlstate(code: &str, is_error: bool) -> Effect {
    match code {
        // Tables or columns that are not there, or other rights: someone has changed the schema.
        "42P01" | "42703" | "3F000" | "3D000" => Effect::Broken,
        // PostgreSQL never says it, but databases that speak its protocol do: statement completion unknown.
        "40003" => Effect::Unknown,
        _ => match code.get(..2).unwrap_or_default() {
            // Damage of data or index; a key that is there already although the head says otherwise.
            "XX" | "23" => Effect::Broken,
            // Transaction rollback, no resources, a limit of the program, impossible data, an object's state, no rights, a standby.
            "40" | "53" | "54" | "22" | "55" | "42" | "25" => Effect::None,
            "57" if code == "57014" => Effect::None,
            "08" | "57" | "58" => Effect::Unknown,
            _ if is_error => Effect::None,
            _ => Effect::Unknown,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rolled_back_statement_did_not_happen() {
        for code in ["40001", "40P01", "53100", "57014", "25006"] {
            assert_eq!(of_sqlstate(code, true), Effect::None, "{code}");
        }
    }

    #[test]
    fn an_error_of_an_unknown_code_is_the_end_of_its_statement_and_not_of_its_connection() {
        for code in ["P0001", "0A000", "99999", ""] {
            assert_eq!(of_sqlstate(code, true), Effect::None, "{code}");
            assert_eq!(of_sqlstate(code, false), Effect::Unknown, "{code}");
        }
    }

    #[test]
    fn a_connection_that_ends_leaves_the_outcome_open() {
        for code in ["40003", "57P01", "57P02", "08006", "58030"] {
            assert_eq!(of_sqlstate(code, true), Effect::Unknown, "{code}");
        }
    }

    #[test]
    fn damage_stops_all_writing() {
        for code in ["XX001", "XX002", "23505", "42P01"] {
            assert_eq!(of_sqlstate(code, true), Effect::Broken, "{code}");
        }
    }
}
