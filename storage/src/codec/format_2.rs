//! The head of format 2, from before anything was derived; met by migrations alone.

use super::records::BlockRefValue;
use super::state::CountersValue;
use super::{read, write};
use crate::codec_error::CodecError;
use crate::head::{Derived, Head};
use crate::notice::Sequence;
use bincode::{Decode, Encode};
use tidegauge_model::BlockNumber;

const HEAD_VERSION: u8 = 2;

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
}

pub(crate) fn encode_head_2(head: &Head, out: &mut Vec<u8>) -> Result<(), CodecError> {
    let value = HeadValue {
        start: head.start.map(|n| n.0),
        tip: head.tip.map(Into::into),
        counters: head.counters.into(),
        finalized: head.finalized.map(|n| n.0),
        first_sequence: head.first_sequence.0,
        next_sequence: head.next_sequence.0,
        journal_entries: head.journal_entries,
        journal_bytes: head.journal_bytes,
    };
    write(HEAD_VERSION, &value, out)
}

pub(crate) fn decode_head_2(bytes: &[u8]) -> Result<Head, CodecError> {
    let value: HeadValue = read(HEAD_VERSION, bytes)?;
    Ok(Head {
        start: value.start.map(BlockNumber),
        tip: value.tip.map(Into::into),
        counters: value.counters.into(),
        finalized: value.finalized.map(BlockNumber),
        first_sequence: Sequence(value.first_sequence),
        next_sequence: Sequence(value.next_sequence),
        journal_entries: value.journal_entries,
        journal_bytes: value.journal_bytes,
        derived: Derived::default(),
    })
}
