//! The store's own state: head, journal entries, and the plain values of `meta`.

use super::records::{BlockRefValue, TallyValue};
use super::{read, write};
use crate::codec_error::CodecError;
use crate::families::Family;
use crate::generation::Generation;
use crate::head::{Counters, Derived, Head, Rebuilding};
use crate::keys::parse_block_key;
use crate::notice::Sequence;
use bincode::{Decode, Encode};
use tidegauge_features::Horizon;
use tidegauge_model::{BlockNumber, BlockRef, Day, Tally, UnixSeconds};
use uuid::Uuid;

const HEAD_VERSION: u8 = 3;
const JOURNAL_VERSION: u8 = 2;
const NUMBER_VERSION: u8 = 1;
const UUID_VERSION: u8 = 1;

#[derive(Encode, Decode)]
struct HeadValue {
    start: Option<u64>,
    tip: Option<BlockRefValue>,
    counters: CountersValue,
    finalized: Option<u64>,
    first_sequence: u64,
    next_sequence: u64,
    journal_entries: u64,
    journal_bytes: u64,
    derived: DerivedValue,
}

#[derive(Encode, Decode)]
struct DerivedValue {
    second_generation: bool,
    to: Option<u64>,
    /// What is before the start, if that is known; `None` inside: nothing.
    horizon: Option<Option<u64>>,
    time_before: Option<u64>,
    time_after: Option<u64>,
    rebuild: Option<RebuildingValue>,
    leftover: bool,
}

#[derive(Encode, Decode)]
struct RebuildingValue {
    to: Option<u64>,
    /// What is before the start, if that is known; `None` inside: nothing.
    horizon: Option<Option<u64>>,
}

#[derive(Encode, Decode)]
pub(super) struct CountersValue {
    swaps: u64,
    liquidity: u64,
    blocks: u64,
    pools_accepted: u64,
    pools_refused: u64,
    tokens: u64,
    disputes: u64,
    logs: TallyValue,
}

pub(crate) fn encode_head(head: &Head, out: &mut Vec<u8>) -> Result<(), CodecError> {
    let value = HeadValue {
        start: head.start.map(|n| n.0),
        tip: head.tip.map(Into::into),
        counters: head.counters.into(),
        finalized: head.finalized.map(|n| n.0),
        first_sequence: head.first_sequence.0,
        next_sequence: head.next_sequence.0,
        journal_entries: head.journal_entries,
        journal_bytes: head.journal_bytes,
        derived: head.derived.into(),
    };
    write(HEAD_VERSION, &value, out)
}

pub(crate) fn decode_head(bytes: &[u8]) -> Result<Head, CodecError> {
    let value: HeadValue = read(HEAD_VERSION, bytes)?;
    if value.first_sequence > value.next_sequence {
        return Err(CodecError::Impossible("first_sequence"));
    }
    Ok(Head {
        start: value.start.map(BlockNumber),
        tip: value.tip.map(Into::into),
        counters: value.counters.into(),
        finalized: value.finalized.map(BlockNumber),
        first_sequence: Sequence(value.first_sequence),
        next_sequence: Sequence(value.next_sequence),
        journal_entries: value.journal_entries,
        journal_bytes: value.journal_bytes,
        derived: value.derived.into(),
    })
}

/// What one journaled stretch of blocks changed; its key is the stretch's last block.
///
/// It holds nothing that a repair of earlier blocks could make wrong: counters follow
/// from the keys it touched, and coverage is cut back.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct JournalEntry {
    /// The stretch's first block.
    pub(crate) from: BlockNumber,
    /// The tip before it; `None` if it was the first of all.
    pub(crate) before: Option<BlockRef>,
    /// The logs of its blocks.
    pub(crate) tally: Tally,
    /// The keys it touched, in the order it touched them first.
    pub(crate) touched: Vec<Touched>,
}

/// A key with what was there before.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Touched {
    pub(crate) family: Family,
    pub(crate) key: Vec<u8>,
    /// `None`: nothing.
    pub(crate) before: Option<Vec<u8>>,
}

/// A touched key as it is written: family, key, what was there before.
pub(super) type TouchedValue = (u8, Vec<u8>, Option<Vec<u8>>);

#[derive(Encode, Decode)]
struct JournalValue {
    from: u64,
    before: Option<BlockRefValue>,
    tally: TallyValue,
    touched: Vec<TouchedValue>,
}

pub(crate) fn encode_journal(entry: &JournalEntry, out: &mut Vec<u8>) -> Result<(), CodecError> {
    let value = JournalValue {
        from: entry.from.0,
        before: entry.before.map(Into::into),
        tally: entry.tally.into(),
        touched: entry
            .touched
            .iter()
            .map(|t| (t.family as u8, t.key.clone(), t.before.clone()))
            .collect(),
    };
    write(JOURNAL_VERSION, &value, out)
}

pub(crate) fn decode_journal(
    key: &[u8],
    bytes: &[u8],
) -> Result<(BlockNumber, JournalEntry), CodecError> {
    let to = parse_block_key(key)?;
    let value: JournalValue = read(JOURNAL_VERSION, bytes)?;
    let from = BlockNumber(value.from);
    if from > to {
        return Err(CodecError::Impossible("from"));
    }
    Ok((
        to,
        JournalEntry {
            from,
            before: value.before.map(Into::into),
            tally: value.tally.into(),
            touched: touched(value.touched)?,
        },
    ))
}

pub(super) fn touched(values: Vec<TouchedValue>) -> Result<Vec<Touched>, CodecError> {
    values
        .into_iter()
        .map(|(family, key, before)| {
            Ok(Touched {
                family: Family::from_byte(family).ok_or(CodecError::Impossible("family"))?,
                key,
                before,
            })
        })
        .collect()
}

pub(crate) fn encode_number(number: u64, out: &mut Vec<u8>) -> Result<(), CodecError> {
    write(NUMBER_VERSION, &number, out)
}

pub(crate) fn decode_number(bytes: &[u8]) -> Result<u64, CodecError> {
    read(NUMBER_VERSION, bytes)
}

pub(crate) fn encode_uuid(uuid: Uuid, out: &mut Vec<u8>) -> Result<(), CodecError> {
    write(UUID_VERSION, uuid.as_bytes(), out)
}

pub(crate) fn decode_uuid(bytes: &[u8]) -> Result<Uuid, CodecError> {
    read(UUID_VERSION, bytes).map(Uuid::from_bytes)
}

impl From<Derived> for DerivedValue {
    fn from(derived: Derived) -> Self {
        Self {
            second_generation: derived.generation == Generation::Second,
            to: derived.to.map(|n| n.0),
            horizon: derived.horizon.map(|h| h.after.map(|t| t.0)),
            time_before: derived.time_before.map(|t| t.0),
            time_after: derived.time_after.map(|t| t.0),
            rebuild: derived.rebuild.map(|r| RebuildingValue {
                to: r.to.map(|n| n.0),
                horizon: r.horizon.map(|h| h.after.map(|t| t.0)),
            }),
            leftover: derived.leftover,
        }
    }
}

impl From<DerivedValue> for Derived {
    fn from(value: DerivedValue) -> Self {
        Self {
            generation: Generation::ALL[usize::from(value.second_generation)],
            to: value.to.map(BlockNumber),
            horizon: value.horizon.map(horizon),
            time_before: value.time_before.map(UnixSeconds),
            time_after: value.time_after.map(UnixSeconds),
            rebuild: value.rebuild.map(|r| Rebuilding {
                to: r.to.map(BlockNumber),
                horizon: r.horizon.map(horizon),
            }),
            leftover: value.leftover,
        }
    }
}

fn horizon(after: Option<u64>) -> Horizon {
    Horizon {
        after: after.map(UnixSeconds),
    }
}

/// The inverse of [`Day::number`].
pub(super) fn day(number: u32) -> Day {
    Day::of(UnixSeconds(0)).plus_days(number)
}

impl From<Counters> for CountersValue {
    fn from(counters: Counters) -> Self {
        Self {
            swaps: counters.swaps,
            liquidity: counters.liquidity,
            blocks: counters.blocks,
            pools_accepted: counters.pools_accepted,
            pools_refused: counters.pools_refused,
            tokens: counters.tokens,
            disputes: counters.disputes,
            logs: counters.logs.into(),
        }
    }
}

impl From<CountersValue> for Counters {
    fn from(value: CountersValue) -> Self {
        Self {
            swaps: value.swaps,
            liquidity: value.liquidity,
            blocks: value.blocks,
            pools_accepted: value.pools_accepted,
            pools_refused: value.pools_refused,
            tokens: value.tokens,
            disputes: value.disputes,
            logs: value.logs.into(),
        }
    }
}
