//! The embedded store: RocksDB behind a wall.
//!
//! One [`Store`] writes; any number of [`Reader`]s read, each [`View`] at one
//! state. A [`Step`](tidegauge_model::Step) is applied whole or not at all:
//! one write batch with a synced log holds its rows, the journal that undoes
//! it, the notice that tells the mirrors, and the new tip. Going back runs the
//! same code with delete for put; a repair replaces final blocks beneath it.
//!
//! Nothing outside this crate knows RocksDB, its keys or its bytes.

mod alert_keys;
mod alerts;
mod applied;
mod beneath;
mod beside;
mod block_rows;
mod block_walk;
mod checkpoint;
mod codec;
mod codec_error;
mod commit;
mod daily_rows;
mod database;
mod derive;
mod derived_view;
mod digest;
mod disputes;
mod disturbance;
mod draft;
mod end_check;
mod error;
mod evidence;
mod failpoint;
mod families;
mod folder;
mod forecast_keys;
mod forecasts;
mod generation;
mod head;
mod jobs;
mod journal;
mod keep;
mod kept_alerts;
mod kept_forecasts;
mod kept_jobs;
mod keys;
mod ledger;
mod live_rows;
mod live_view;
mod lookup;
mod meta;
mod migrate;
mod mirror_view;
mod notice;
mod open;
mod open_options;
mod options;
mod outbox;
mod pool_rows;
mod range_check;
mod repair;
mod repair_check;
mod row_diff;
mod row_digest;
mod row_edits;
mod scan;
mod store;
mod stretch;
mod unwind;
mod valued_walk;
mod verdicts;
pub mod verify;
mod view;

pub use alerts::{HeardMessage, NONCE_BYTES, SpooledAlert, ToldAlert};
pub use applied::{Applied, Repaired, RowChanges};
pub use block_rows::BlockRows;
pub use block_walk::{BlockWalk, StoredBlock, ValuedBlock};
pub use checkpoint::{Checkpoint, CheckpointFile, revive};
pub use codec::{ClosedDay, HourlyPrice, encode_swap};
pub use codec_error::CodecError;
pub use digest::{digest_of, logical_digest};
pub use error::{StepFault, StoreError};
pub use evidence::{Certificate, CertifiedRange, EvidenceTotal};
pub use failpoint::FAILPOINTS;
pub use families::{Access, Declaration, FAMILIES, Family, Reversal};
pub use folder::require_space;
pub use forecasts::{
    ForecastBasis, ForecastRun, Forecasted, ModelDrift, ModelName, ModelReliability, ModelScore,
    PoolForecasts, ScoreBoard, TargetColumn,
};
pub use head::{Counters, Tip};
pub use jobs::{Job, JobStep};
pub use keep::Keep;
pub use kept_alerts::keep_alert_book;
pub use live_rows::{Kept, LiveRows};
pub use meta::FORMAT;
pub use notice::{MirrorPosition, Notice, NoticeKind, Sequence};
pub use open_options::{Create, DEFAULT_MEMORY_MIB, StoreOptions};
pub use pool_rows::{PoolEvent, PoolRows};
pub use row_digest::RowDigest;
pub use scan::Scan;
pub use store::{HARD_BATCH_BYTES, MAX_BATCH_BYTES, Rebuild, Store};
pub use valued_walk::{Unwalked, ValuedWalk};
pub use view::{Identity, Reader, View};
