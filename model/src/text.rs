//! Numbers and bytes as text, appended to a buffer: digests and copies of millions of rows are made
//! of it.

use alloy_primitives::{I256, U256, hex};

/// Appends bytes as lower-case hex after `0x`.
pub fn push_hex(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(b"0x");
    let start = out.len();
    out.resize(start + 2 * bytes.len(), 0);
    // Ignored: the buffer has exactly the length asked for.
    let _ = hex::encode_to_slice(bytes, &mut out[start..]);
}

/// 10¹⁹, the greatest power of ten in 64 bits: decimal text is made 19 digits at a time.
const CHUNK: u64 = 10_000_000_000_000_000_000;
const CHUNK_DIGITS: usize = 19;

/// Appends a number as decimal text.
pub fn push_u64(out: &mut Vec<u8>, n: u64) {
    let mut digits = [0; 20];
    let start = write_digits(&mut digits, n);
    out.extend_from_slice(&digits[start..]);
}

/// Exactly nineteen digits.
fn push_chunk(out: &mut Vec<u8>, n: u64) {
    let mut digits = [b'0'; CHUNK_DIGITS];
    write_digits(&mut digits, n);
    out.extend_from_slice(&digits);
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

/// Appends a number as decimal text.
pub fn push_u128(out: &mut Vec<u8>, n: u128) {
    if let Ok(small) = u64::try_from(n) {
        return push_u64(out, small);
    }
    push_u128(out, n / u128::from(CHUNK));
    push_chunk(out, (n % u128::from(CHUNK)) as u64);
}

/// Appends a number as decimal text.
pub fn push_u256(out: &mut Vec<u8>, n: U256) {
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
    push_u128(out, u128::from(limbs[1]) << 64 | u128::from(limbs[0]));
    for chunk in chunks[..used].iter().rev() {
        push_chunk(out, *chunk);
    }
}

/// Appends a number as decimal text, after a `-` if it is below zero.
pub fn push_i256(out: &mut Vec<u8>, n: I256) {
    if n.is_negative() {
        out.push(b'-');
    }
    push_u256(out, n.unsigned_abs());
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(push: impl Fn(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        push(&mut out);
        String::from_utf8_lossy(&out).into_owned()
    }

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
