//! The position: how far a mirror is, and who writes it.

use crate::error::SyncError;
use crate::mirror_fault::MirrorFault;
use sqlx::Row;
use sqlx::postgres::PgRow;
use tidegauge_model::{BlockNumber, BlockRef, Day, UnixSeconds};
use tidegauge_storage::Sequence;

/// The columns that [`Position::read`] takes, in its order.
pub(super) const COLUMNS: &str = "store::text, store_epoch, epoch, holder, \
    extract(epoch FROM clock_timestamp() - heartbeat)::bigint, height, hash, \
    extract(epoch FROM block_time)::bigint, final_height, notice, recheck_block, \
    recheck_date - DATE '1970-01-01'";

/// The row of `mirror_position`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Position {
    /// Identity of the store that is mirrored.
    pub(super) store: String,
    /// How often that store was taken over or restored.
    pub(super) store_epoch: i64,
    /// Raised with every lease.
    pub(super) epoch: i64,
    /// Who holds the lease.
    pub(super) holder: String,
    /// Seconds since it wrote, by the server's clock; `None` where it let the lease go.
    pub(super) silent_seconds: Option<i64>,
    /// What the mirror holds.
    pub(super) state: State,
}

/// What a mirror holds, as one transaction left it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct State {
    /// The last block mirrored.
    pub(super) at: Option<BlockRef>,
    /// Its timestamp, where known.
    pub(super) time: Option<UnixSeconds>,
    /// The greatest height known to be final.
    pub(super) finalized: Option<BlockNumber>,
    /// The last notice that the mirror holds.
    pub(super) notice: Sequence,
    /// What is compared with the store once more.
    pub(super) recheck: Recheck,
}

/// What is compared with the store once more: from where on, until the position.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Recheck {
    /// Rows of this block and later ones.
    pub(super) block: Option<BlockNumber>,
    /// Features of this day and later ones.
    pub(super) day: Option<Day>,
}

impl Recheck {
    /// Everything.
    pub(super) fn all() -> Self {
        Self {
            block: Some(BlockNumber(0)),
            day: Some(first_day()),
        }
    }

    /// Both, from the earlier of each on.
    pub(super) fn and(self, other: Self) -> Self {
        fn earlier<T: Ord>(a: Option<T>, b: Option<T>) -> Option<T> {
            [a, b].into_iter().flatten().min()
        }
        Self {
            block: earlier(self.block, other.block),
            day: earlier(self.day, other.day),
        }
    }

    /// Whether nothing is left.
    pub(super) fn is_done(self) -> bool {
        self == Self::default()
    }
}

impl Position {
    /// From a row of [`COLUMNS`].
    pub(super) fn read(row: &PgRow) -> Result<Self, SyncError> {
        let height: Option<i64> = row.try_get(5)?;
        let hash: Option<String> = row.try_get(6)?;
        let at = match (height, hash) {
            (Some(number), Some(hash)) => Some(BlockRef {
                number: height_of(number)?,
                hash: hash.parse().map_err(|_| damaged("hash", hash))?,
            }),
            _ => None,
        };
        let seconds: Option<i64> = row.try_get(7)?;
        let optional = |at: usize| -> Result<Option<BlockNumber>, SyncError> {
            let number: Option<i64> = row.try_get(at)?;
            number.map(height_of).transpose()
        };
        let day: Option<i32> = row.try_get(11)?;
        Ok(Self {
            store: row.try_get(0)?,
            store_epoch: row.try_get(1)?,
            epoch: row.try_get(2)?,
            holder: row.try_get(3)?,
            silent_seconds: row.try_get(4)?,
            state: State {
                at,
                time: seconds.and_then(|s| u64::try_from(s).ok()).map(UnixSeconds),
                finalized: optional(8)?,
                notice: Sequence(height_of(row.try_get(9)?)?.0),
                recheck: Recheck {
                    block: optional(10)?,
                    day: day.map(day_of).transpose()?,
                },
            },
        })
    }
}

/// A height from a `bigint`.
pub(super) fn height_of(number: i64) -> Result<BlockNumber, SyncError> {
    u64::try_from(number)
        .map(BlockNumber)
        .map_err(|_| damaged("height", number))
}

/// 1970-01-01.
pub(super) fn first_day() -> Day {
    Day::of(UnixSeconds(0))
}

/// A day from its number since 1970.
pub(super) fn day_of(number: i32) -> Result<Day, SyncError> {
    u32::try_from(number)
        .map(|days| first_day().plus_days(days))
        .map_err(|_| damaged("day", number))
}

/// A day's number since 1970; days end with the year 9999, far below 2³¹.
pub(super) fn day_number(day: Day) -> i32 {
    day.number().cast_signed()
}

/// A height as a `bigint`.
pub(super) fn bigint(height: BlockNumber) -> Result<i64, SyncError> {
    i64::try_from(height.0).map_err(|_| beyond("block", height))
}

/// A number that does not fit its column.
pub(super) fn beyond(what: &'static str, value: impl ToString) -> SyncError {
    MirrorFault::Beyond {
        what,
        value: value.to_string(),
    }
    .into()
}

fn damaged(what: &'static str, value: impl ToString) -> SyncError {
    beyond(what, value)
}
