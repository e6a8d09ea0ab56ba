//! Fixed-width index records of blocks, transactions and logs; little-endian.

use alloy::primitives::{Address, B256};

/// Bytes of a [`BlockEntry`].
pub(crate) const BLOCK_BYTES: usize = 160;
/// Bytes of a [`TxEntry`].
pub(crate) const TX_BYTES: usize = 40;
/// Bytes of a [`LogEntry`].
pub(crate) const LOG_BYTES: usize = 32;

/// A block's header in short, and where its parts lie.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct BlockEntry {
    pub(crate) hash: B256,
    pub(crate) parent: B256,
    pub(crate) timestamp: u64,
    /// JSON of the block; its first `header_len` bytes and `}` are its header.
    pub(crate) block_at: u64,
    pub(crate) block_len: u32,
    pub(crate) header_len: u32,
    /// JSON of V3 logs, each with a comma behind.
    pub(crate) ours_at: u64,
    pub(crate) ours_len: u32,
    /// JSON of other logs, likewise.
    pub(crate) others_len: u32,
    pub(crate) others_at: u64,
    /// JSON of receipts up to their logs.
    pub(crate) frames_at: u64,
    pub(crate) frames_len: u32,
    pub(crate) tx_count: u32,
    /// Transactions before this block in the segment.
    pub(crate) txs_before: u64,
    /// Logs before this block in the segment.
    pub(crate) logs_before: u64,
    pub(crate) log_count: u32,
    pub(crate) swap_count: u32,
}

/// A transaction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct TxEntry {
    pub(crate) hash: B256,
    pub(crate) frame_len: u32,
    pub(crate) log_count: u32,
}

/// A log: enough to tell whether a filter wants it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct LogEntry {
    pub(crate) address: Address,
    /// First bytes of the first topic; zero if there is none.
    pub(crate) topic: [u8; 8],
    /// Length of its JSON with the comma.
    pub(crate) len: u32,
    /// Whether it lies among the V3 logs.
    pub(crate) ours: bool,
}

impl BlockEntry {
    pub(crate) fn encode(&self) -> [u8; BLOCK_BYTES] {
        let mut out = Writer::<BLOCK_BYTES>::new();
        out.put(self.hash.as_slice());
        out.put(self.parent.as_slice());
        for word in [
            self.timestamp,
            self.block_at,
            self.ours_at,
            self.others_at,
            self.frames_at,
            self.txs_before,
            self.logs_before,
        ] {
            out.put(&word.to_le_bytes());
        }
        for word in [
            self.block_len,
            self.header_len,
            self.ours_len,
            self.others_len,
            self.frames_len,
            self.tx_count,
            self.log_count,
            self.swap_count,
        ] {
            out.put(&word.to_le_bytes());
        }
        out.bytes
    }

    pub(crate) fn decode(bytes: &[u8; BLOCK_BYTES]) -> Self {
        let word = |n: usize| u64_at(bytes, 64 + 8 * n);
        let short = |n: usize| u32_at(bytes, 120 + 4 * n);
        Self {
            hash: B256::from_slice(&bytes[..32]),
            parent: B256::from_slice(&bytes[32..64]),
            timestamp: word(0),
            block_at: word(1),
            ours_at: word(2),
            others_at: word(3),
            frames_at: word(4),
            txs_before: word(5),
            logs_before: word(6),
            block_len: short(0),
            header_len: short(1),
            ours_len: short(2),
            others_len: short(3),
            frames_len: short(4),
            tx_count: short(5),
            log_count: short(6),
            swap_count: short(7),
        }
    }
}

impl TxEntry {
    pub(crate) fn encode(&self) -> [u8; TX_BYTES] {
        let mut out = Writer::<TX_BYTES>::new();
        out.put(self.hash.as_slice());
        out.put(&self.frame_len.to_le_bytes());
        out.put(&self.log_count.to_le_bytes());
        out.bytes
    }

    pub(crate) fn decode(bytes: &[u8; TX_BYTES]) -> Self {
        Self {
            hash: B256::from_slice(&bytes[..32]),
            frame_len: u32_at(bytes, 32),
            log_count: u32_at(bytes, 36),
        }
    }
}

impl LogEntry {
    pub(crate) fn encode(&self) -> [u8; LOG_BYTES] {
        let mut out = Writer::<LOG_BYTES>::new();
        out.put(self.address.as_slice());
        out.put(&self.topic);
        out.put(&(self.len << 1 | u32::from(self.ours)).to_le_bytes());
        out.bytes
    }

    pub(crate) fn decode(bytes: &[u8; LOG_BYTES]) -> Self {
        let mut topic = [0; 8];
        topic.copy_from_slice(&bytes[20..28]);
        let len = u32_at(bytes, 28);
        Self {
            address: Address::from_slice(&bytes[..20]),
            topic,
            len: len >> 1,
            ours: len & 1 == 1,
        }
    }
}

struct Writer<const N: usize> {
    bytes: [u8; N],
    at: usize,
}

impl<const N: usize> Writer<N> {
    fn new() -> Self {
        Self {
            bytes: [0; N],
            at: 0,
        }
    }

    fn put(&mut self, part: &[u8]) {
        self.bytes[self.at..self.at + part.len()].copy_from_slice(part);
        self.at += part.len();
    }
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    let mut word = [0; 8];
    word.copy_from_slice(&bytes[at..at + 8]);
    u64::from_le_bytes(word)
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    let mut word = [0; 4];
    word.copy_from_slice(&bytes[at..at + 4]);
    u32::from_le_bytes(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_read_back_as_written() {
        let block = BlockEntry {
            hash: B256::repeat_byte(1),
            parent: B256::repeat_byte(2),
            timestamp: 3,
            block_at: 4,
            block_len: 5,
            header_len: 6,
            ours_at: 7,
            ours_len: 8,
            others_len: 9,
            others_at: 10,
            frames_at: 11,
            frames_len: 12,
            tx_count: 13,
            txs_before: 14,
            logs_before: 15,
            log_count: 16,
            swap_count: 17,
        };
        assert_eq!(BlockEntry::decode(&block.encode()), block);
        let tx = TxEntry {
            hash: B256::repeat_byte(3),
            frame_len: 7,
            log_count: 8,
        };
        assert_eq!(TxEntry::decode(&tx.encode()), tx);
        for ours in [false, true] {
            let log = LogEntry {
                address: Address::repeat_byte(4),
                topic: [5; 8],
                len: 900,
                ours,
            };
            assert_eq!(LogEntry::decode(&log.encode()), log);
        }
    }
}
