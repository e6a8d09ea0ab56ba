//! Somebody else's daily rows beside ours: what is covered, what differs, and why it may.

mod columns;
mod differ;
mod page;
mod read;
mod reason;
mod report;
mod rows;
mod rules;

pub(crate) use columns::shared;
pub(crate) use differ::{Against, compare};
pub(crate) use page::page;
pub(crate) use read::read;
pub(crate) use rows::{DayRows, Numbers};
pub(crate) use rules::Users;
