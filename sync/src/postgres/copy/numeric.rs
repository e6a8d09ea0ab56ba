//! `numeric` as its `recv` function reads it: digits to base 10,000, exact for any 256-bit integer
//! and any number of decimal places.
//!
//! The bytes are those that the server itself would send: no zero digits at either end.

/// Decimal digits in one digit to base 10,000.
const PLACES: u8 = 4;

/// What four digits to base 10,000 make: the largest such power in 64 bits.
const CHUNK: u64 = 10_000 * 10_000 * 10_000 * 10_000;
const CHUNK_DIGITS: usize = 4;

/// 78 decimal digits of 2^256 make at most 20 digits, and one more where the point divides one;
/// chunks round up to a multiple of four.
const MAX_DIGITS: usize = 24;

const POSITIVE: u16 = 0x0000;
const NEGATIVE: u16 = 0x4000;

/// A decimal number in Postgres's own terms.
pub(super) struct Decimal {
    /// Least significant first.
    digits: [u16; MAX_DIGITS],
    /// Those that count: without zeros at either end.
    from: usize,
    to: usize,
    /// The power of 10,000 that the most significant digit counts.
    weight: i16,
    sign: u16,
    /// Decimal places shown.
    scale: u16,
}

impl Decimal {
    /// A magnitude (least significant limb first), a sign and how many decimal places it has.
    pub(super) fn of(mut limbs: [u64; 4], negative: bool, scale: u8) -> Self {
        let mut digits = [0_u16; MAX_DIGITS];
        let mut used = significant(&limbs);
        let mut to = 0;
        // The point divides a digit: its part behind the point comes first, padded.
        let behind = scale % PLACES;
        if behind != 0 {
            let power = 10_u64.pow(u32::from(behind));
            let part = divide(&mut limbs, &mut used, power);
            digits[0] = (part * 10_u64.pow(u32::from(PLACES - behind))) as u16;
            to = 1;
        }
        while used > 0 {
            let mut chunk = divide(&mut limbs, &mut used, CHUNK);
            for digit in &mut digits[to..to + CHUNK_DIGITS] {
                *digit = (chunk % 10_000) as u16;
                chunk /= 10_000;
            }
            to += CHUNK_DIGITS;
        }
        while to > 0 && digits[to - 1] == 0 {
            to -= 1;
        }
        let mut from = 0;
        while from < to && digits[from] == 0 {
            from += 1;
        }
        let fraction = i16::from(scale.div_ceil(PLACES));
        let zero = to == 0;
        Self {
            digits,
            from,
            to,
            weight: if zero { 0 } else { to as i16 - 1 - fraction },
            sign: if negative && !zero {
                NEGATIVE
            } else {
                POSITIVE
            },
            scale: u16::from(scale),
        }
    }

    /// The field: its length, then the number.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        let digits = &self.digits[self.from..self.to];
        let count = digits.len();
        let mut field = [0_u8; 12 + 2 * MAX_DIGITS];
        field[..4].copy_from_slice(&(8 + 2 * count as u32).to_be_bytes());
        field[4..6].copy_from_slice(&(count as u16).to_be_bytes());
        field[6..8].copy_from_slice(&self.weight.to_be_bytes());
        field[8..10].copy_from_slice(&self.sign.to_be_bytes());
        field[10..12].copy_from_slice(&self.scale.to_be_bytes());
        for (place, digit) in field[12..].chunks_exact_mut(2).zip(digits.iter().rev()) {
            place.copy_from_slice(&digit.to_be_bytes());
        }
        out.extend_from_slice(&field[..12 + 2 * count]);
    }
}

/// Limbs without the zeros on top.
fn significant(limbs: &[u64; 4]) -> usize {
    4 - limbs.iter().rev().take_while(|limb| **limb == 0).count()
}

/// Divides in place and gives the remainder; as many steps as there are limbs in use, and none of
/// them wide where one limb is left.
fn divide(limbs: &mut [u64; 4], used: &mut usize, by: u64) -> u64 {
    let mut remainder = 0_u64;
    for limb in limbs[..*used].iter_mut().rev() {
        if remainder == 0 {
            (*limb, remainder) = (*limb / by, *limb % by);
        } else {
            let wide = u128::from(remainder) << 64 | u128::from(*limb);
            // The quotient fits: the remainder is less than the divisor.
            (*limb, remainder) = (
                (wide / u128::from(by)) as u64,
                (wide % u128::from(by)) as u64,
            );
        }
    }
    *used = significant(limbs);
    remainder
}
