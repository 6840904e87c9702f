//! The engine against the reference model, under faults, and under concurrency.

mod alarms;
mod auth;
mod callers;
mod compaction;
mod concurrency;
mod copies;
mod copies_property;
mod driver;
mod export;
mod fault_property;
mod faults;
mod leases;
mod members;
mod pace;
mod places;
mod property;
mod regressions;
mod stats;
mod steps;
mod support;
mod two_stores;
mod two_stores_property;
mod two_stores_sweeps;
mod visibility;
mod watches;
mod wire;
