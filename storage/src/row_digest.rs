//! Digest of a block's swaps, the same in Rust and in SQL.
//!
//! SHA-256 over one line for each swap, in order of log index. A line is
//!
//! ```text
//! block|log index|tx hash|tx index|pool|unix seconds|sender|recipient|from|amount0|amount1|sqrt price|liquidity|tick\n
//! ```
//!
//! with lower-case `0x` text for bytes, decimal text for integers, and nothing
//! for an unknown `from`. Over the columns of `daily_transactions`:
//!
//! ```sql
//! SELECT block_number, sha256(convert_to(string_agg(
//!     concat_ws('|', block_number, log_index, tx_hash, tx_index, pool_address,
//!         extract(epoch FROM "timestamp")::bigint, sender, recipient,
//!         coalesce(tx_from, ''), amount0_raw, amount1_raw, sqrt_price_x96,
//!         liquidity, tick) || E'\n', '' ORDER BY log_index), 'UTF8'))
//! FROM daily_transactions GROUP BY block_number
//! ```
//!
//! A block without swaps has the digest of the empty string.

use sha2::{Digest, Sha256};
use tidegauge_model::text::{push_hex, push_i256, push_u64, push_u128, push_u256};
use tidegauge_model::{B256, Swap};

/// The digest of one block after another, with buffers reused.
#[derive(Default)]
pub struct RowDigest {
    hasher: Sha256,
    line: Vec<u8>,
}

impl RowDigest {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// The digest of a block's swaps, which come by log index.
    pub fn of<'a>(&mut self, swaps: impl IntoIterator<Item = &'a Swap>) -> B256 {
        for swap in swaps {
            self.line.clear();
            push_line(&mut self.line, swap);
            self.hasher.update(&self.line);
        }
        let digest: [u8; 32] = self.hasher.finalize_reset().into();
        B256::new(digest)
    }
}

fn push_line(line: &mut Vec<u8>, swap: &Swap) {
    push_u64(line, swap.block.0);
    line.push(b'|');
    push_u64(line, u64::from(swap.log_index.0));
    line.push(b'|');
    push_hex(line, swap.tx_hash.as_slice());
    line.push(b'|');
    push_u64(line, u64::from(swap.tx_index.0));
    line.push(b'|');
    push_hex(line, swap.pool.0.as_slice());
    line.push(b'|');
    push_u64(line, swap.timestamp.0);
    line.push(b'|');
    push_hex(line, swap.sender.as_slice());
    line.push(b'|');
    push_hex(line, swap.recipient.as_slice());
    line.push(b'|');
    if let Some(origin) = &swap.origin {
        push_hex(line, origin.as_slice());
    }
    line.push(b'|');
    push_i256(line, swap.amount0.0);
    line.push(b'|');
    push_i256(line, swap.amount1.0);
    line.push(b'|');
    push_u256(line, swap.sqrt_price.0);
    line.push(b'|');
    push_u128(line, swap.liquidity);
    line.push(b'|');
    if swap.tick < 0 {
        line.push(b'-');
    }
    push_u64(line, u64::from(swap.tick.unsigned_abs()));
    line.push(b'\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegauge_model::{
        Address, BlockNumber, I256, LogIndex, PoolId, RawAmount, SqrtPriceX96, TxIndex, U256,
        UnixSeconds,
    };

    fn text(push: impl Fn(&mut Vec<u8>)) -> String {
        let mut line = Vec::new();
        push(&mut line);
        String::from_utf8_lossy(&line).into_owned()
    }

    fn swap() -> Swap {
        Swap {
            pool: PoolId(Address::repeat_byte(0xab)),
            block: BlockNumber(18_937_000),
            log_index: LogIndex(7),
            tx_hash: B256::repeat_byte(0x0c),
            tx_index: TxIndex(3),
            timestamp: UnixSeconds(1_704_412_811),
            sender: Address::repeat_byte(0x11),
            recipient: Address::repeat_byte(0x22),
            origin: None,
            amount0: RawAmount(I256::MIN),
            amount1: RawAmount(I256::MAX),
            sqrt_price: SqrtPriceX96(U256::MAX >> 96),
            liquidity: u128::MAX,
            tick: -887_272,
        }
    }

    #[test]
    fn a_line_is_what_the_layout_says() {
        let line = text(|l| push_line(l, &swap()));
        assert_eq!(
            line,
            "18937000|7|0x0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c|3|\
             0xabababababababababababababababababababab|1704412811|\
             0x1111111111111111111111111111111111111111|\
             0x2222222222222222222222222222222222222222||\
             -57896044618658097711785492504343953926634992332820282019728792003956564819968|\
             57896044618658097711785492504343953926634992332820282019728792003956564819967|\
             1461501637330902918203684832716283019655932542975|\
             340282366920938463463374607431768211455|-887272\n"
        );
    }

    /// The same rows give the same digests in PostgreSQL 15 with the expression above.
    #[test]
    fn golden_digests_hold() {
        let first = swap();
        let mut second = swap();
        second.log_index = LogIndex(12);
        second.origin = Some(Address::repeat_byte(0x33));
        second.amount0 = RawAmount(I256::ZERO);
        second.amount1 = RawAmount(I256::MINUS_ONE);
        second.tick = 0;
        let mut digest = RowDigest::new();
        for (swaps, expected) in [
            (vec![], GOLDEN[0]),
            (vec![first.clone()], GOLDEN[1]),
            (vec![first, second], GOLDEN[2]),
            (vec![], GOLDEN[0]),
        ] {
            assert_eq!(format!("{:x}", digest.of(&swaps)), expected);
        }
    }

    const GOLDEN: [&str; 3] = [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "fc8ad06506273bd2ea573fa0673de4d86769060591faea662aa0e71deb31d518",
        "4560fddb8ed46a8a7098692604b74ecacb29ac90d91dcc9d6ce4b99ccbb37b8e",
    ];
}
