//! What is derived from rows, in the batch that writes them: values, tiles, users, prices,
//! daily rows and targets.
//!
//! The rules are those of the features crate; here is what they are given, where the results
//! go, and how they are taken back.

mod admit;
mod back;
mod clear;
mod close;
mod forward;
mod live;
mod pending;
mod pools;
mod rebuild;
mod relevance;
mod repair;
mod rows;
mod windows;

pub(crate) use admit::{admit, put_in_force, put_next};
pub(crate) use back::put_right;
pub(crate) use clear::{Cleared, clear};
pub(crate) use forward::{begin, close_by, fold, meet};
pub(crate) use live::{Live, first_block};
pub(crate) use pools::{all as all_pools, info as pool_info};
pub(crate) use rebuild::{Budget, finish, slice};
pub(crate) use repair::{Changes, Outcome, repair};
pub(crate) use windows::{has_tile, last_tile, pool_window, tiles_between, users_of};
