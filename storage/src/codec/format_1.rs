//! Values of format 1 that are written otherwise now; read by the migration alone.

use super::read;
use super::records::{BlockRefValue, TallyValue};
use super::state::{Touched, TouchedValue, touched};
use crate::codec_error::CodecError;
use crate::head::{Counters, Derived, Head};
use crate::keys::parse_block_key;
use crate::notice::Sequence;
use bincode::Decode;
use tidegauge_model::{BlockNumber, BlockRef, Tally};

const HEAD_VERSION: u8 = 1;
const JOURNAL_VERSION: u8 = 1;

#[derive(Decode)]
struct MarkValue {
    start: Option<u64>,
    tip: Option<BlockRefValue>,
    /// Key of the last coverage entry; it is looked up now.
    _coverage_from: Option<u64>,
    swaps: u64,
    liquidity: u64,
    blocks: u64,
    pools_accepted: u64,
    pools_refused: u64,
    tokens: u64,
    logs: TallyValue,
}

#[derive(Decode)]
struct HeadValue {
    mark: MarkValue,
    finalized: Option<u64>,
    first_sequence: u64,
    next_sequence: u64,
    journal_entries: u64,
    journal_bytes: u64,
}

#[derive(Decode)]
struct JournalValue {
    from: u64,
    before: MarkValue,
    touched: Vec<TouchedValue>,
}

/// A journal entry that held the whole state before it.
#[derive(Debug)]
pub(crate) struct JournalEntry1 {
    /// Its key: the stretch's last block.
    pub(crate) to: BlockNumber,
    pub(crate) from: BlockNumber,
    pub(crate) before: Option<BlockRef>,
    /// All logs before it.
    pub(crate) logs_before: Tally,
    pub(crate) touched: Vec<Touched>,
}

pub(crate) fn decode_head_1(bytes: &[u8]) -> Result<Head, CodecError> {
    let value: HeadValue = read(HEAD_VERSION, bytes)?;
    Ok(Head {
        start: value.mark.start.map(BlockNumber),
        tip: value.mark.tip.map(Into::into),
        counters: Counters {
            swaps: value.mark.swaps,
            liquidity: value.mark.liquidity,
            blocks: value.mark.blocks,
            pools_accepted: value.mark.pools_accepted,
            pools_refused: value.mark.pools_refused,
            tokens: value.mark.tokens,
            disputes: 0,
            logs: value.mark.logs.into(),
        },
        finalized: value.finalized.map(BlockNumber),
        first_sequence: Sequence(value.first_sequence),
        next_sequence: Sequence(value.next_sequence),
        journal_entries: value.journal_entries,
        journal_bytes: value.journal_bytes,
        derived: Derived::default(),
    })
}

pub(crate) fn decode_journal_1(key: &[u8], bytes: &[u8]) -> Result<JournalEntry1, CodecError> {
    let value: JournalValue = read(JOURNAL_VERSION, bytes)?;
    Ok(JournalEntry1 {
        to: parse_block_key(key)?,
        from: BlockNumber(value.from),
        before: value.before.tip.map(Into::into),
        logs_before: value.before.logs.into(),
        touched: touched(value.touched)?,
    })
}
