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
mod derive;
mod edges;
mod follow;
mod latencies;
mod live;
mod mend;
mod order;
mod patience;
mod resolve;
mod stop;
mod verify;
mod watch;

pub(crate) use backfill::{Span, backfill};
pub(crate) use commit::Committer;
pub(crate) use connect::{address, connect, method, open_as_it_is, open_store, pool_book};
pub(crate) use derive::finish_rebuild;
pub(crate) use follow::{follow, rejoin};
pub(crate) use latencies::{Latencies, LatencyShown};
pub(crate) use live::{BucketStatus, Live, Stage, Tail};
pub(crate) use mend::{mend, mend_for_ever};
pub(crate) use patience::Patience;
pub(crate) use resolve::{resolve, start_block, utc};
pub(crate) use stop::stop_signal;
pub(crate) use verify::{Heard, Verification, VerifyOrder, verify};
pub(crate) use watch::Watch;
