use std::io;

/// Why a file cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BoltError {
    #[error("the file cannot be read: {0}")]
    Read(#[from] io::Error),
    #[error("this is no bbolt file, or its head is damaged")]
    NotBolt,
    #[error("the file is cut short: it should have {expected} bytes, and has {found}")]
    Cut { expected: u64, found: u64 },
    #[error("the file is damaged: page {page} {what}")]
    Damaged { page: u64, what: &'static str },
}
