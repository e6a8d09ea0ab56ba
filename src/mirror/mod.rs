//! Mirrors of the store elsewhere, as the program runs them.

mod keep;
mod postgres;
mod report;

pub(crate) use keep::{Auditor, keep};
pub(crate) use postgres::{database, reader, writer};
pub(crate) use report::MirrorReport;
