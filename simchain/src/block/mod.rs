//! From logs to honest blocks, and to the JSON that is served of them.

mod draft;
mod render;
mod seal;

pub(crate) use draft::{Draft, DraftTx};
pub(crate) use render::{render_block, render_frame, render_log};
pub(crate) use seal::{Sealed, seal};
