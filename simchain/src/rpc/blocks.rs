//! Blocks, headers and receipts, as JSON.

use crate::chain::Placed;
use crate::error::SimError;
use crate::store::{Kind, LOG_BYTES, LogEntry};

/// A block with the hashes of its transactions.
pub(super) fn block_json(block: &Placed, out: &mut Vec<u8>) -> Result<(), SimError> {
    let (segment, entry) = (&block.segment, &block.entry);
    segment.read_onto(out, Kind::Blocks, entry.block_at, entry.block_len as usize)
}

/// A block's header, as `newHeads` announces it.
pub(crate) fn header_json(block: &Placed) -> Result<Vec<u8>, SimError> {
    let (segment, entry) = (&block.segment, &block.entry);
    let mut out = segment.read(Kind::Blocks, entry.block_at, entry.header_len as usize)?;
    out.push(b'}');
    Ok(out)
}

/// The receipts of a block as a list, or one of them alone.
pub(crate) fn receipts_json(
    block: &Placed,
    only: Option<usize>,
    out: &mut Vec<u8>,
) -> Result<(), SimError> {
    let (segment, entry) = (&block.segment, &block.entry);
    let txs = segment.txs(entry)?;
    let index = segment.log_bytes(entry, entry)?;
    let frames = segment.read(Kind::Frames, entry.frames_at, entry.frames_len as usize)?;
    let ours = segment.read(Kind::Ours, entry.ours_at, entry.ours_len as usize)?;
    let others = segment.read(Kind::Others, entry.others_at, entry.others_len as usize)?;
    let (mut frames, mut ours, mut others) = (&frames[..], &ours[..], &others[..]);
    let mut logs = index
        .as_chunks::<LOG_BYTES>()
        .0
        .iter()
        .map(LogEntry::decode);

    if only.is_none() {
        out.reserve(frames.len() + ours.len() + others.len() + 4 * txs.len());
        out.push(b'[');
    }
    for (n, tx) in txs.iter().enumerate() {
        let wanted = only.is_none_or(|only| only == n);
        let frame = cut(&mut frames, tx.frame_len)?;
        if wanted {
            if only.is_none() && n > 0 {
                out.push(b',');
            }
            out.extend_from_slice(frame);
        }
        for log in logs.by_ref().take(tx.log_count as usize) {
            let source = if log.ours { &mut ours } else { &mut others };
            let json = cut(source, log.len)?;
            if wanted {
                out.extend_from_slice(json);
            }
        }
        if wanted {
            if out.last() == Some(&b',') {
                out.pop();
            }
            out.extend_from_slice(b"]}");
        }
    }
    if only.is_none() {
        out.push(b']');
    }
    Ok(())
}

/// Takes the first `len` bytes away.
fn cut<'a>(source: &mut &'a [u8], len: u32) -> Result<&'a [u8], SimError> {
    let (head, tail) = source
        .split_at_checked(len as usize)
        .ok_or_else(|| SimError::Broken("an index points beyond its file".into()))?;
    *source = tail;
    Ok(head)
}
