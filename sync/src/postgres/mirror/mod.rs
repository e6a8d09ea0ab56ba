//! The mirror: Postgres follows the store.
//!
//! What is to be done is found by comparing: the position says up to which block, by height and
//! hash, the tables hold the store's chain; whatever the store has beyond it is copied, and where
//! the chains part the mirror goes back to their last common block first. Each step is one
//! transaction that locks the position, makes sure that this writer still holds the lease and that
//! the position is what it left there, writes rows and position, and commits. So a step that was
//! cut off, or whose COMMIT nobody answered, needs no special case: the position says which it was.
//!
//! Repairs of final blocks and rebuilds of what is derived are told by the store's notices; the
//! mirror then compares its rows with the store once more, from the first touched block on, and
//! writes anew what differs. How far it got with that stands in the position too.

mod ancestor;
mod audit;
mod blocking;
mod compare;
mod day_rows;
mod forecast_ledger;
mod forecast_rows;
mod job_rows;
mod lease;
mod ledger;
mod look_back;
mod mend;
mod mirrored;
mod options;
mod plan;
mod pools;
mod position;
mod runner;
mod session;
mod swap_rows;
mod transaction;
mod write;

pub use audit::{AuditReport, Difference, Repair};
pub use options::{LOOK_BACK_EVERY, MirrorOptions, MirrorPhase, MirrorStatus, POSTGRES_MIRROR};
pub use runner::Mirror;
