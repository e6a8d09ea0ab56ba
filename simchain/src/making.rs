//! Making a chain on disk: one thread drafts, another seals and writes.

use crate::block::{Draft, seal};
use crate::error::SimError;
use crate::store::{LookupWriter, SegmentWriter};
use alloy::primitives::{Address, B256};
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc::sync_channel;
use std::time::{Duration, Instant};

/// Blocks that wait between the two threads.
const DRAFTS_WAITING: usize = 256;
/// Blocks between two reports of progress.
const PROGRESS_EVERY: u64 = 512;

/// Said of a segment beside it; its presence says that the folder is whole.
pub(crate) const SUMMARY: &str = "summary.json";
/// The world after the last block.
pub(crate) const WORLD: &str = "world.json";
/// The world some blocks before the last, from which branches are made.
pub(crate) const REAR: &str = "rear.json";
/// The contracts at the head.
pub(crate) const CONTRACTS: &str = "contracts.json";

/// How far the making of a chain is.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// Blocks made.
    pub blocks_done: u64,
    /// Blocks to make.
    pub blocks_total: u64,
    /// Logs with the Swap topic so far.
    pub swaps_done: u64,
    /// Since the beginning.
    pub elapsed: Duration,
}

/// What is said of a segment beside it; written last.
#[derive(Serialize, Deserialize)]
pub(crate) struct Summary {
    pub(crate) chain_id: u64,
    pub(crate) factory: Address,
    pub(crate) first: u64,
    pub(crate) blocks: u64,
    pub(crate) block_time_s: u64,
    pub(crate) swaps: u64,
    pub(crate) logs: u64,
}

/// Writes a segment of drafts beside `folder`, to be published.
pub(crate) fn make(
    folder: &Path,
    mut summary: Summary,
    drafts: impl Iterator<Item = Draft> + Send,
    progress: &mut dyn FnMut(Progress),
) -> Result<(), SimError> {
    let begun = Instant::now();
    let folder = unfinished(folder);
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(SimError::io("remove", &folder))?;
    }
    fs::create_dir_all(&folder).map_err(SimError::io("create", &folder))?;
    let mut writer = SegmentWriter::create(&folder)?;
    let mut lookup = LookupWriter::create(&folder)?;
    let (send, receive) = sync_channel(DRAFTS_WAITING);
    std::thread::scope(|scope| {
        scope.spawn(move || {
            for draft in drafts {
                // The receiver leaves early only with an error of its own.
                if send.send(draft).is_err() {
                    return;
                }
            }
        });
        let mut parent = B256::ZERO;
        for (offset, draft) in receive.into_iter().enumerate() {
            let sealed = seal(draft, parent);
            parent = sealed.hash;
            let entry = writer.append(&sealed)?;
            lookup.add(&sealed.hash, offset as u32)?;
            for tx in &sealed.txs {
                lookup.add(&tx.hash, offset as u32)?;
            }
            summary.swaps += u64::from(entry.swap_count);
            summary.logs += u64::from(entry.log_count);
            let blocks_done = offset as u64 + 1;
            if blocks_done.is_multiple_of(PROGRESS_EVERY) || blocks_done == summary.blocks {
                progress(Progress {
                    blocks_done,
                    blocks_total: summary.blocks,
                    swaps_done: summary.swaps,
                    elapsed: begun.elapsed(),
                });
            }
        }
        Ok::<(), SimError>(())
    })?;
    writer.flush()?;
    lookup.finish()?;
    write_json(&folder.join(SUMMARY), &summary)
}

/// Where a segment is made.
pub(crate) fn unfinished(folder: &Path) -> PathBuf {
    folder.with_extension(format!("making-{}", std::process::id()))
}

/// Gives a finished segment its name; another process may have been faster with the same.
pub(crate) fn publish(folder: &Path) -> Result<(), SimError> {
    let from = unfinished(folder);
    if folder.exists() && !folder.join(SUMMARY).exists() {
        fs::remove_dir_all(folder).map_err(SimError::io("remove", folder))?;
    }
    match fs::rename(&from, folder) {
        Err(_) if folder.join(SUMMARY).exists() => {
            fs::remove_dir_all(&from).map_err(SimError::io("remove", &from))
        }
        other => other.map_err(SimError::io("publish", folder)),
    }
}

pub(crate) fn write_json<T: Serialize>(path: &Path, value: &T) -> Result<(), SimError> {
    let bytes = serde_json::to_vec(value)
        .map_err(|e| SimError::io("encode", path)(std::io::Error::from(e)))?;
    fs::write(path, bytes).map_err(SimError::io("write", path))
}

pub(crate) fn read_json<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, SimError> {
    let bytes = fs::read(path).map_err(SimError::io("read", path))?;
    serde_json::from_slice(&bytes).map_err(|e| SimError::Cache {
        path: path.to_owned(),
        what: e.to_string(),
    })
}
