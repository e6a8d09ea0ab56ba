//! Alerts carried out: what the program knows of itself is judged every few seconds, and what is to
//! be told goes out.
//!
//! What the book knows, what is told and to whom it still has to go are kept in one write. So a
//! restart neither tells again nor forgets; an alert leaves the spool when its place has taken it, and
//! a place that cannot be reached loses none. Who is killed between the two sends it again: under
//! the same number, by which a receiver drops it. The log is told at once.

mod facts;
mod report;
mod sink;
mod spool;
mod trial;
mod volume;
mod watch;

pub(crate) use report::{AlertsReport, TroubleReport, troubles, waiting};
pub(crate) use sink::sinks;
pub(crate) use trial::try_out;
pub(crate) use watch::watch;
