//! A run of blocks in append-only files.

use super::entry::{BLOCK_BYTES, BlockEntry, LOG_BYTES, LogEntry, TX_BYTES, TxEntry};
use crate::abi::{Swap, V3_TOPICS};
use crate::block::{Sealed, render_block, render_frame, render_log};
use crate::error::SimError;
use alloy::sol_types::SolEvent;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The files of a segment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// [`BlockEntry`] by block.
    Entries,
    /// [`TxEntry`] by transaction.
    Txs,
    /// [`LogEntry`] by log.
    Logs,
    /// JSON of blocks.
    Blocks,
    /// JSON of receipts up to their logs.
    Frames,
    /// JSON of V3 logs.
    Ours,
    /// JSON of other logs.
    Others,
}

const KINDS: [(Kind, &str); 7] = [
    (Kind::Entries, "entries"),
    (Kind::Txs, "txs"),
    (Kind::Logs, "logs"),
    (Kind::Blocks, "blocks.json"),
    (Kind::Frames, "frames.json"),
    (Kind::Ours, "v3-logs.json"),
    (Kind::Others, "other-logs.json"),
];
const WRITE_BUFFER: usize = 256 << 10;

/// Reads a segment.
#[derive(Clone)]
pub(crate) struct Segment {
    files: Arc<Vec<File>>,
    folder: PathBuf,
}

impl Segment {
    pub(crate) fn open(folder: &Path) -> Result<Self, SimError> {
        let files = KINDS
            .iter()
            .map(|(_, name)| {
                let path = folder.join(name);
                File::open(&path).map_err(SimError::io("open", &path))
            })
            .collect::<Result<_, _>>()?;
        Ok(Self {
            files: Arc::new(files),
            folder: folder.to_owned(),
        })
    }

    /// Number of blocks in it.
    pub(crate) fn block_count(&self) -> Result<u64, SimError> {
        let bytes = self.files[Kind::Entries as usize]
            .metadata()
            .map_err(SimError::io("measure", &self.folder))?
            .len();
        if bytes % BLOCK_BYTES as u64 != 0 {
            return Err(SimError::Cache {
                path: self.folder.clone(),
                what: "the index ends within a block".into(),
            });
        }
        Ok(bytes / BLOCK_BYTES as u64)
    }

    /// Blocks by their offset in the segment.
    pub(crate) fn entries(&self, offset: u64, count: usize) -> Result<Vec<BlockEntry>, SimError> {
        let bytes = self.read(
            Kind::Entries,
            offset * BLOCK_BYTES as u64,
            count * BLOCK_BYTES,
        )?;
        Ok(bytes.as_chunks().0.iter().map(BlockEntry::decode).collect())
    }

    /// Transactions of a block.
    pub(crate) fn txs(&self, block: &BlockEntry) -> Result<Vec<TxEntry>, SimError> {
        let at = block.txs_before * TX_BYTES as u64;
        let bytes = self.read(Kind::Txs, at, block.tx_count as usize * TX_BYTES)?;
        Ok(bytes.as_chunks().0.iter().map(TxEntry::decode).collect())
    }

    /// Logs of consecutive blocks, undecoded.
    pub(crate) fn log_bytes(
        &self,
        from: &BlockEntry,
        to: &BlockEntry,
    ) -> Result<Vec<u8>, SimError> {
        let count = to.logs_before + u64::from(to.log_count) - from.logs_before;
        let at = from.logs_before * LOG_BYTES as u64;
        self.read(Kind::Logs, at, count as usize * LOG_BYTES)
    }

    /// A slice of a file.
    pub(crate) fn read(&self, kind: Kind, at: u64, len: usize) -> Result<Vec<u8>, SimError> {
        let mut out = Vec::new();
        self.read_onto(&mut out, kind, at, len)?;
        Ok(out)
    }

    /// A slice of a file, behind what is there.
    pub(crate) fn read_onto(
        &self,
        out: &mut Vec<u8>,
        kind: Kind,
        at: u64,
        len: usize,
    ) -> Result<(), SimError> {
        let begin = out.len();
        out.resize(begin + len, 0);
        self.files[kind as usize]
            .read_exact_at(&mut out[begin..], at)
            .map_err(SimError::io("read", &self.folder))
    }
}

/// Appends blocks to a segment.
pub(crate) struct SegmentWriter {
    files: Vec<BufWriter<File>>,
    folder: PathBuf,
    ends: [u64; KINDS.len()],
    blocks: u64,
    txs: u64,
    logs: u64,
    scratch: [Vec<u8>; KINDS.len()],
}

impl SegmentWriter {
    pub(crate) fn create(folder: &Path) -> Result<Self, SimError> {
        let files = KINDS
            .iter()
            .map(|(_, name)| {
                let path = folder.join(name);
                let file = File::options()
                    .read(true)
                    .write(true)
                    .create(true)
                    .truncate(true)
                    .open(&path)
                    .map_err(SimError::io("create", &path))?;
                Ok(BufWriter::with_capacity(WRITE_BUFFER, file))
            })
            .collect::<Result<_, SimError>>()?;
        Ok(Self {
            files,
            folder: folder.to_owned(),
            ends: [0; KINDS.len()],
            blocks: 0,
            txs: 0,
            logs: 0,
            scratch: Default::default(),
        })
    }

    /// A segment without a name, gone with the process: readers and writer share its open files.
    pub(crate) fn unnamed(folder: &Path) -> Result<(Self, Segment), SimError> {
        fs::create_dir_all(folder).map_err(SimError::io("create", folder))?;
        let writer = Self::create(folder)?;
        let segment = Segment::open(folder)?;
        fs::remove_dir_all(folder).map_err(SimError::io("unlink", folder))?;
        Ok((writer, segment))
    }

    /// Appends a block.
    pub(crate) fn append(&mut self, block: &Sealed) -> Result<BlockEntry, SimError> {
        for part in &mut self.scratch {
            part.clear();
        }
        let [entries, txs, logs, blocks, frames, ours, others] = &mut self.scratch;
        let header_len = render_block(blocks, block);
        let (mut log_index, mut swaps) = (0, 0);
        for (tx_index, tx) in block.txs.iter().enumerate() {
            let begin = frames.len();
            render_frame(frames, block, tx, tx_index as u64);
            txs.extend_from_slice(
                &TxEntry {
                    hash: tx.hash,
                    frame_len: (frames.len() - begin) as u32,
                    log_count: tx.logs().len() as u32,
                }
                .encode(),
            );
            for log in tx.logs() {
                let topic = log.data.topics().first();
                let is_ours = topic.is_some_and(|t| V3_TOPICS.contains(t));
                swaps += u32::from(topic == Some(&Swap::SIGNATURE_HASH));
                let out = if is_ours { &mut *ours } else { &mut *others };
                let begin = out.len();
                render_log(out, block, tx, tx_index as u64, u64::from(log_index), log);
                out.push(b',');
                let mut short = [0; 8];
                if let Some(topic) = topic {
                    short.copy_from_slice(&topic[..8]);
                }
                let entry = LogEntry {
                    address: log.address,
                    topic: short,
                    len: (out.len() - begin) as u32,
                    ours: is_ours,
                };
                logs.extend_from_slice(&entry.encode());
                log_index += 1;
            }
        }
        let entry = BlockEntry {
            hash: block.hash,
            parent: block.header.parent_hash,
            timestamp: block.header.timestamp,
            block_at: self.ends[Kind::Blocks as usize],
            block_len: blocks.len() as u32,
            header_len: header_len as u32,
            ours_at: self.ends[Kind::Ours as usize],
            ours_len: ours.len() as u32,
            others_len: others.len() as u32,
            others_at: self.ends[Kind::Others as usize],
            frames_at: self.ends[Kind::Frames as usize],
            frames_len: frames.len() as u32,
            tx_count: block.txs.len() as u32,
            txs_before: self.txs,
            logs_before: self.logs,
            log_count: log_index,
            swap_count: swaps,
        };
        entries.extend_from_slice(&entry.encode());
        for ((file, part), end) in self.files.iter_mut().zip(&self.scratch).zip(&mut self.ends) {
            file.write_all(part)
                .map_err(SimError::io("write", &self.folder))?;
            *end += part.len() as u64;
        }
        self.blocks += 1;
        self.txs += u64::from(entry.tx_count);
        self.logs += u64::from(entry.log_count);
        Ok(entry)
    }

    /// Blocks appended so far.
    pub(crate) fn block_count(&self) -> u64 {
        self.blocks
    }

    /// Makes everything appended readable.
    pub(crate) fn flush(&mut self) -> Result<(), SimError> {
        self.files
            .iter_mut()
            .try_for_each(|file| file.flush())
            .map_err(SimError::io("write", &self.folder))
    }
}
