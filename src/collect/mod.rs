//! Collecting: from the endpoint, over a bounded channel, to the one thread that writes.
//!
//! ```text
//! chain (many requests in flight, results in block order)
//!    │  Step, over a bounded channel: back-pressure by a blocking send
//!    ▼
//! commit thread, the store's only writer
//! ```

mod backfill;
mod commit;
mod connect;
mod follow;
mod live;
mod patience;
mod resolve;
mod stop;

pub(crate) use backfill::{Span, backfill};
pub(crate) use commit::Committer;
pub(crate) use connect::{address, connect, method, open_store, pool_book};
pub(crate) use follow::follow;
pub(crate) use live::{Live, Stage};
pub(crate) use patience::Patience;
pub(crate) use resolve::{resolve, start_block, utc};
pub(crate) use stop::stop_signal;
