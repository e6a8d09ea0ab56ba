//! When to alert, and when all is well again.
//!
//! Pure: no I/O, no clock, no randomness; all of them are handed in.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod alert;
mod book;
mod error;
mod facts;
mod recent;
pub mod rules;
mod standing;
mod usual;

pub use alert::{Alert, AlertId, AlertState, Severity};
pub use book::{Book, Trouble};
pub use error::AlertsError;
pub use facts::{
    DayFacts, DerivedFacts, DiskFacts, Facts, MirrorFacts, ModelFacts, RpcFacts, SinkFacts, Stage,
    VolumeFacts,
};
pub use recent::{RecentGreatest, RecentTotals};
pub use rules::Rules;
pub use usual::Usual;
