//! The laws of watching, one test each, and all of them together against a model.

mod catch_up;
mod compaction;
mod create;
mod model;
mod order;
mod prev_kv;
mod progress;
mod property;
mod recheck;
mod slow_backend;
mod streams;
mod world;
