//! What the backends share that keep their log in files of this process's own: threads that do the blocking work, the queues that
//! lead to them, and what is known of the log without asking them. Nothing here knows a database.

#![deny(missing_docs)]

mod calls;
mod known;
mod lock;
mod queries;
mod queue;
mod room;
mod threads;

pub use calls::{Calls, closed};
pub use known::Known;
pub use lock::FileLock;
pub use queries::{Query, Reply};
pub use queue::{Closed, Queue, Worker};
pub use room::Room;
pub use threads::{join, on_thread};
