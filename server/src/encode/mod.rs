//! Answers straight from the engine's types to their wire form, in one buffer of the right size, without a struct for
//! each key in between. Only what is large or frequent is here; other answers are ordinary messages.
//!
//! Every answer is measured first and written second, by a pair of functions `*_len` and `put_*` that mirror each other.

mod fields;
mod frame;
mod header;
mod range;
#[cfg(test)]
mod tests;
mod txn;
mod watch;

pub(crate) use self::frame::{FRAME_HEAD_BYTES, frame_of};
pub(crate) use self::header::Header;
pub(crate) use self::range::{range, range_chunk};
pub(crate) use self::txn::txn;
pub(crate) use self::watch::{WatchHead, event_len, put_watch};
