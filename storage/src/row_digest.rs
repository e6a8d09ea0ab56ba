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
use tidegauge_model::{B256, I256, Swap, U256};

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

fn push_hex(line: &mut Vec<u8>, bytes: &[u8]) {
    line.extend_from_slice(b"0x");
    let start = line.len();
    line.resize(start + 2 * bytes.len(), 0);
    // Ignored: the buffer has exactly the length asked for.
    let _ = alloy_primitives::hex::encode_to_slice(bytes, &mut line[start..]);
}

/// 10¹⁹, the greatest power of ten in 64 bits: decimal text is made 19 digits at a time.
const CHUNK: u64 = 10_000_000_000_000_000_000;
const CHUNK_DIGITS: usize = 19;

fn push_u64(line: &mut Vec<u8>, n: u64) {
    let mut digits = [0; 20];
    let start = write_digits(&mut digits, n);
    line.extend_from_slice(&digits[start..]);
}

/// Exactly nineteen digits.
fn push_chunk(line: &mut Vec<u8>, n: u64) {
    let mut digits = [b'0'; CHUNK_DIGITS];
    write_digits(&mut digits, n);
    line.extend_from_slice(&digits);
}

/// Writes the digits at the end, two at a time, and returns where they begin; the
/// last is written even if it is zero.
fn write_digits(digits: &mut [u8], mut n: u64) -> usize {
    let mut at = digits.len();
    while n >= 10 {
        let pair = (n % 100) as usize * 2;
        n /= 100;
        at -= 2;
        digits[at..at + 2].copy_from_slice(&PAIRS[pair..pair + 2]);
    }
    // What is left is one digit, or none after a pair.
    if n > 0 || at == digits.len() {
        at -= 1;
        digits[at] = b'0' + n as u8;
    }
    at
}

/// 00 to 99.
const PAIRS: &[u8; 200] = b"0001020304050607080910111213141516171819\
    2021222324252627282930313233343536373839\
    4041424344454647484950515253545556575859\
    6061626364656667686970717273747576777879\
    8081828384858687888990919293949596979899";

fn push_u128(line: &mut Vec<u8>, n: u128) {
    if let Ok(small) = u64::try_from(n) {
        return push_u64(line, small);
    }
    push_u128(line, n / u128::from(CHUNK));
    push_chunk(line, (n % u128::from(CHUNK)) as u64);
}

fn push_u256(line: &mut Vec<u8>, n: U256) {
    let mut limbs = n.into_limbs();
    // 78 digits at most: five chunks.
    let mut chunks = [0; 5];
    let mut used = 0;
    while limbs[2] != 0 || limbs[3] != 0 {
        let mut rest = 0u128;
        for limb in limbs.iter_mut().rev() {
            let part = rest << 64 | u128::from(*limb);
            // The quotient fits: `rest` is below the divisor.
            *limb = (part / u128::from(CHUNK)) as u64;
            rest = part % u128::from(CHUNK);
        }
        chunks[used] = rest as u64;
        used += 1;
    }
    push_u128(line, u128::from(limbs[1]) << 64 | u128::from(limbs[0]));
    for chunk in chunks[..used].iter().rev() {
        push_chunk(line, *chunk);
    }
}

fn push_i256(line: &mut Vec<u8>, n: I256) {
    if n.is_negative() {
        line.push(b'-');
    }
    push_u256(line, n.unsigned_abs());
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use tidegauge_model::{
        Address, BlockNumber, LogIndex, PoolId, RawAmount, SqrtPriceX96, TxIndex, UnixSeconds,
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

    proptest! {
        #[test]
        fn integers_are_written_as_decimal_text(limbs: [u64; 4], shift in 0usize..256, small: u128) {
            let wide = U256::from_limbs(limbs) >> shift;
            prop_assert_eq!(text(|l| push_u256(l, wide)), wide.to_string());
            prop_assert_eq!(text(|l| push_u128(l, small)), small.to_string());
            prop_assert_eq!(text(|l| push_u64(l, limbs[0])), limbs[0].to_string());
            let signed = I256::from_raw(U256::from_limbs(limbs)).asr(shift);
            prop_assert_eq!(text(|l| push_i256(l, signed)), signed.to_string());
        }
    }
}
