//! Reading and checking a file of recorded logs.

use crate::SimError;
use alloy::primitives::{Address, B256, Bytes, LogData, U64};
use flate2::read::MultiGzDecoder;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

/// Logs in one recording, which is held in memory while its chain is made.
const MAX_LOGS: usize = 3_000_000;
/// Positions within one block, of transactions and of logs.
const MAX_PER_BLOCK: u64 = 50_000;
/// Bytes of one line.
const MAX_LINE_BYTES: u64 = 8 << 20;

/// Recorded logs by block, each block's by log index.
pub(super) struct Recording {
    pub(super) blocks: BTreeMap<u64, Vec<Recorded>>,
}

/// A recorded log.
pub(super) struct Recorded {
    pub(super) address: Address,
    pub(super) data: LogData,
    pub(super) tx_hash: B256,
    pub(super) tx_index: u64,
    pub(super) log_index: u64,
    pub(super) timestamp: Option<u64>,
    line: usize,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    address: Address,
    topics: Vec<B256>,
    data: Bytes,
    block_number: U64,
    block_timestamp: Option<U64>,
    transaction_hash: B256,
    transaction_index: U64,
    log_index: U64,
}

/// Reads a file; what contradicts itself is refused by its line.
pub(super) fn recording(path: &Path) -> Result<Recording, SimError> {
    let wrong = |line: usize, what: String| SimError::Replay {
        path: path.to_owned(),
        line: (line > 0).then_some(line),
        what,
    };
    let file = File::open(path).map_err(SimError::io("open", path))?;
    let plain: Box<dyn Read> = if path.extension().is_some_and(|e| e == "gz") {
        Box::new(MultiGzDecoder::new(file))
    } else {
        Box::new(file)
    };
    let mut reader = BufReader::new(plain);
    let mut blocks: BTreeMap<u64, Vec<Recorded>> = BTreeMap::new();
    let mut text = String::new();
    for n in 1.. {
        text.clear();
        let read = reader
            .by_ref()
            .take(MAX_LINE_BYTES)
            .read_line(&mut text)
            .map_err(SimError::io("read", path))?;
        if read == 0 {
            break;
        }
        if text.trim().is_empty() {
            continue;
        }
        if n > MAX_LOGS {
            return Err(wrong(n, format!("more than {MAX_LOGS} logs")));
        }
        let line: Line =
            serde_json::from_str(&text).map_err(|e| wrong(n, format!("it is no log: {e}")))?;
        let data = LogData::new(line.topics, line.data)
            .ok_or_else(|| wrong(n, "a log has at most four topics".into()))?;
        let tx_index = line.transaction_index.to::<u64>();
        let log_index = line.log_index.to::<u64>();
        if tx_index.max(log_index) > MAX_PER_BLOCK {
            return Err(wrong(n, format!("an index is beyond {MAX_PER_BLOCK}")));
        }
        blocks
            .entry(line.block_number.to())
            .or_default()
            .push(Recorded {
                address: line.address,
                data,
                tx_hash: line.transaction_hash,
                tx_index,
                log_index,
                timestamp: line.block_timestamp.map(|t| t.to()).filter(|t| *t > 0),
                line: n,
            });
    }
    if blocks.is_empty() {
        return Err(wrong(0, "it holds no logs".into()));
    }
    for logs in blocks.values_mut() {
        logs.sort_by_key(|log| log.log_index);
        for pair in logs.windows(2) {
            let (a, b) = (&pair[0], &pair[1]);
            let what = if a.log_index == b.log_index {
                "its log index is taken by another log of the block"
            } else if a.tx_index > b.tx_index {
                "its transaction index is less than that of an earlier log"
            } else if (a.tx_index == b.tx_index) != (a.tx_hash == b.tx_hash) {
                "its transaction hash and index contradict another log of the block"
            } else if a.timestamp != b.timestamp {
                "its timestamp differs from another log of the block"
            } else {
                continue;
            };
            return Err(wrong(b.line, what.into()));
        }
    }
    Ok(Recording { blocks })
}
