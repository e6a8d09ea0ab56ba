//! Everything that a recording leaves out: blocks, times, transactions, logs.

use super::read::{Recorded, Recording};
use crate::SimError;
use crate::block::{Draft, DraftTx};
use alloy::primitives::{Address, B256, Log, LogData, keccak256};
use std::path::Path;
use tidegauge_model::{BlockNumber, Day, UnixSeconds};

/// Time between blocks where none is recorded.
pub(super) const BLOCK_TIME_S: u64 = 12;
/// Blocks before the first recorded one.
const BEFORE: u64 = 64;
/// Blocks behind the end of the last day; more than finality takes.
const BEHIND: u64 = 72;
/// Blocks that a replay may have.
const MAX_BLOCKS: u64 = 2_000_000;
/// 2023-10-25T00:00:00Z, for recordings without any timestamp.
const UNDATED: u64 = 1_698_192_000;
/// Emits the logs that fill holes.
const NOBODY: Address = Address::repeat_byte(0x11);

/// The blocks of a replay.
pub(super) struct Plan {
    pub(super) first: BlockNumber,
    /// By block, from the first.
    pub(super) timestamps: Vec<u64>,
}

/// Blocks and timestamps around a recording.
pub(super) fn plan(path: &Path, recording: &Recording) -> Result<Plan, SimError> {
    let wrong = |what: String| SimError::Replay {
        path: path.to_owned(),
        line: None,
        what,
    };
    let (Some(first_log), Some(last_log)) = (
        recording.blocks.keys().next(),
        recording.blocks.keys().next_back(),
    ) else {
        return Err(wrong("it holds no logs".into()));
    };
    if last_log - first_log > MAX_BLOCKS {
        return Err(wrong(format!("it spans more than {MAX_BLOCKS} blocks")));
    }
    let first = first_log.saturating_sub(BEFORE);
    let mut dated: Vec<(u64, u64)> = recording
        .blocks
        .iter()
        .filter_map(|(block, logs)| Some((*block, logs.first()?.timestamp?)))
        .collect();
    if dated.is_empty() {
        dated.push((*first_log, UNDATED));
    }
    let (begin_block, begin) = dated[0];
    let lead = (begin_block - first) * BLOCK_TIME_S;
    let mut timestamps = Vec::new();
    timestamps.extend(
        (first..begin_block)
            .map(|block| begin.saturating_sub(lead) + (block - first) * BLOCK_TIME_S),
    );
    for pair in dated.windows(2) {
        let ((block, at), (next_block, next_at)) = (pair[0], pair[1]);
        let blocks = next_block - block;
        let span = next_at.saturating_sub(at);
        if span < blocks {
            return Err(wrong(format!(
                "{blocks} blocks after block {block} its time has moved by {span} s: blocks need a second each"
            )));
        }
        timestamps.extend((0..blocks).map(|n| at + span * n / blocks));
    }
    let (_, end) = dated[dated.len() - 1];
    timestamps.push(end);
    let mut last = end;
    let mut behind = 0;
    while first + timestamps.len() as u64 <= *last_log || behind < BEHIND {
        last += BLOCK_TIME_S;
        timestamps.push(last);
        // The day that must end is that of the last recorded block.
        let of_last_log = timestamps.get((last_log - first) as usize);
        if of_last_log.is_some_and(|at| last >= Day::of(UnixSeconds(*at)).end().0) {
            behind += 1;
        }
        if timestamps.len() as u64 > MAX_BLOCKS + 2 * BEFORE {
            return Err(wrong(format!("it needs more than {MAX_BLOCKS} blocks")));
        }
    }
    Ok(Plan {
        first: BlockNumber(first),
        timestamps,
    })
}

impl Plan {
    /// The blocks, holes filled.
    pub(super) fn drafts(
        &self,
        mut recording: Recording,
    ) -> impl Iterator<Item = Draft> + Send + use<> {
        let first = self.first.0;
        let timestamps = self.timestamps.clone();
        (0_u64..).zip(timestamps).map(move |(n, timestamp)| {
            let number = BlockNumber(first + n);
            let logs = recording.blocks.remove(&number.0).unwrap_or_default();
            Draft {
                number,
                timestamp: UnixSeconds(timestamp),
                branch: 0,
                txs: transactions(number, logs),
            }
        })
    }
}

/// A block's transactions: the recorded ones at their places, fillers between.
fn transactions(number: BlockNumber, recorded: Vec<Recorded>) -> Vec<DraftTx> {
    let mut txs: Vec<DraftTx> = Vec::new();
    let mut log_count = 0;
    for log in recorded {
        while (txs.len() as u64) < log.tx_index {
            txs.push(DraftTx::recorded(
                filler_hash(number, txs.len() as u64),
                Vec::new(),
            ));
        }
        let missing = log.log_index - log_count;
        if txs.len() as u64 == log.tx_index {
            // Missing logs go to the filler before, if there is one.
            let before_is_filler = txs
                .last()
                .is_some_and(|tx| tx.hash == filler_hash(number, txs.len() as u64 - 1));
            let mut logs = Vec::new();
            match txs.last_mut().filter(|_| before_is_filler) {
                Some(filler) => filler.logs.extend((0..missing).map(|_| inert())),
                None => logs.extend((0..missing).map(|_| inert())),
            }
            txs.push(DraftTx::recorded(log.tx_hash, logs));
        } else if let Some(tx) = txs.last_mut() {
            tx.logs.extend((0..missing).map(|_| inert()));
        }
        if let Some(tx) = txs.last_mut() {
            tx.logs.push(Log {
                address: log.address,
                data: log.data,
            });
        }
        log_count = log.log_index + 1;
    }
    txs
}

/// A log that says nothing.
fn inert() -> Log {
    Log {
        address: NOBODY,
        data: LogData::default(),
    }
}

/// The hash of a transaction that was not recorded.
fn filler_hash(number: BlockNumber, index: u64) -> B256 {
    keccak256([b"filler", &number.0.to_be_bytes()[..], &index.to_be_bytes()].concat())
}
