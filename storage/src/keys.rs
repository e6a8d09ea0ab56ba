//! Keys: hand-written, fixed width, big-endian, so that byte order is logical order.

use crate::codec_error::CodecError;
use crate::notice::Sequence;
use tidegauge_features::PriceKey;
use tidegauge_model::{
    Address, BlockNumber, BlockRange, Day, Dispute, Hour, LogIndex, PoolId, UnixSeconds,
};

/// Bytes of a row's key.
pub(crate) const ROW_KEY_BYTES: usize = 32;

/// A row's key: pool 20 | block u64 | log index u32.
pub(crate) type RowKey = [u8; ROW_KEY_BYTES];

pub(crate) fn row_key(pool: PoolId, block: BlockNumber, log_index: LogIndex) -> RowKey {
    let mut key = [0; ROW_KEY_BYTES];
    key[..20].copy_from_slice(pool.0.as_slice());
    key[20..28].copy_from_slice(&block.0.to_be_bytes());
    key[28..].copy_from_slice(&log_index.0.to_be_bytes());
    key
}

pub(crate) fn parse_row_key(key: &[u8]) -> Result<(PoolId, BlockNumber, LogIndex), CodecError> {
    let key: &RowKey = exact(key)?;
    let (pool, rest) = key.split_at(20);
    let (block, log_index) = rest.split_at(8);
    Ok((
        PoolId(Address::from_slice(pool)),
        parse_block_key(block)?,
        LogIndex(u32::from_be_bytes(*exact(log_index)?)),
    ))
}

pub(crate) fn block_key(block: BlockNumber) -> [u8; 8] {
    block.0.to_be_bytes()
}

pub(crate) fn parse_block_key(key: &[u8]) -> Result<BlockNumber, CodecError> {
    Ok(BlockNumber(u64::from_be_bytes(*exact(key)?)))
}

pub(crate) fn address_key(address: Address) -> [u8; 20] {
    address.0.0
}

pub(crate) fn parse_address_key(key: &[u8]) -> Result<Address, CodecError> {
    Ok(Address::new(*exact(key)?))
}

pub(crate) fn sequence_key(sequence: Sequence) -> [u8; 8] {
    sequence.0.to_be_bytes()
}

pub(crate) fn parse_sequence_key(key: &[u8]) -> Result<Sequence, CodecError> {
    Ok(Sequence(u64::from_be_bytes(*exact(key)?)))
}

/// Bytes of a dispute's key.
const DISPUTE_KEY_BYTES: usize = 36;

pub(crate) fn dispute_key(dispute: &Dispute) -> [u8; DISPUTE_KEY_BYTES] {
    let mut key = [0; DISPUTE_KEY_BYTES];
    key[..8].copy_from_slice(&block_key(dispute.range.from));
    key[8..16].copy_from_slice(&block_key(dispute.range.to));
    key[16..].copy_from_slice(dispute.pool.0.as_slice());
    key
}

pub(crate) fn parse_dispute_key(key: &[u8]) -> Result<Dispute, CodecError> {
    let key: &[u8; DISPUTE_KEY_BYTES] = exact(key)?;
    let (from, rest) = key.split_at(8);
    let (to, pool) = rest.split_at(8);
    Ok(Dispute {
        range: BlockRange::new(parse_block_key(from)?, parse_block_key(to)?)
            .ok_or(CodecError::Impossible("to"))?,
        pool: PoolId(parse_address_key(pool)?),
    })
}

/// Bytes of a pool with a number after it: an hour or a day.
pub(crate) const POOL_AND_BYTES: usize = 24;

/// Bytes of a user's key.
const USER_KEY_BYTES: usize = 44;

/// Bytes of a price's key.
const PRICE_KEY_BYTES: usize = 5;

fn pool_and(pool: PoolId, number: u32) -> [u8; POOL_AND_BYTES] {
    let mut key = [0; POOL_AND_BYTES];
    key[..20].copy_from_slice(pool.0.as_slice());
    key[20..].copy_from_slice(&number.to_be_bytes());
    key
}

fn parse_pool_and(key: &[u8]) -> Result<(PoolId, u32), CodecError> {
    let (pool, number) = exact::<POOL_AND_BYTES>(key)?.split_at(20);
    Ok((
        PoolId(parse_address_key(pool)?),
        u32::from_be_bytes(*exact(number)?),
    ))
}

pub(crate) fn tile_key(pool: PoolId, hour: Hour) -> [u8; POOL_AND_BYTES] {
    pool_and(pool, hour.0)
}

pub(crate) fn parse_tile_key(key: &[u8]) -> Result<(PoolId, Hour), CodecError> {
    parse_pool_and(key).map(|(pool, hour)| (pool, Hour(hour)))
}

pub(crate) fn pool_day_key(pool: PoolId, day: Day) -> [u8; POOL_AND_BYTES] {
    pool_and(pool, day.number())
}

pub(crate) fn parse_pool_day_key(key: &[u8]) -> Result<(PoolId, Day), CodecError> {
    let (pool, number) = parse_pool_and(key)?;
    Ok((pool, day_of(number)?))
}

pub(crate) fn user_key(pool: PoolId, hour: Hour, user: Address) -> [u8; USER_KEY_BYTES] {
    let mut key = [0; USER_KEY_BYTES];
    key[..POOL_AND_BYTES].copy_from_slice(&tile_key(pool, hour));
    key[POOL_AND_BYTES..].copy_from_slice(user.as_slice());
    key
}

pub(crate) fn parse_user_key(key: &[u8]) -> Result<(PoolId, Hour, Address), CodecError> {
    let (tile, user) = exact::<USER_KEY_BYTES>(key)?.split_at(POOL_AND_BYTES);
    let (pool, hour) = parse_tile_key(tile)?;
    Ok((pool, hour, parse_address_key(user)?))
}

/// The kinds, by the byte that names them on disk.
const PRICES: [PriceKey; 2] = [PriceKey::Ether, PriceKey::Bitcoin];

pub(crate) fn price_key(kind: PriceKey, hour: Hour) -> [u8; PRICE_KEY_BYTES] {
    let mut key = [0; PRICE_KEY_BYTES];
    key[0] = match kind {
        PriceKey::Ether => 0,
        PriceKey::Bitcoin => 1,
    };
    key[1..].copy_from_slice(&hour.0.to_be_bytes());
    key
}

pub(crate) fn parse_price_key(key: &[u8]) -> Result<(PriceKey, Hour), CodecError> {
    let (kind, hour) = exact::<PRICE_KEY_BYTES>(key)?.split_at(1);
    let kind = PRICES.get(usize::from(kind[0]));
    Ok((
        *kind.ok_or(CodecError::Impossible("kind"))?,
        Hour(u32::from_be_bytes(*exact(hour)?)),
    ))
}

pub(crate) fn calendar_key(day: Day) -> [u8; 4] {
    day.number().to_be_bytes()
}

pub(crate) fn parse_calendar_key(key: &[u8]) -> Result<Day, CodecError> {
    day_of(u32::from_be_bytes(*exact(key)?))
}

pub(crate) fn day_key(day: Day, pool: PoolId) -> [u8; POOL_AND_BYTES] {
    let mut key = [0; POOL_AND_BYTES];
    key[..4].copy_from_slice(&calendar_key(day));
    key[4..].copy_from_slice(pool.0.as_slice());
    key
}

pub(crate) fn parse_day_key(key: &[u8]) -> Result<(Day, PoolId), CodecError> {
    let (day, pool) = exact::<POOL_AND_BYTES>(key)?.split_at(4);
    Ok((parse_calendar_key(day)?, PoolId(parse_address_key(pool)?)))
}

/// Days have four-digit years.
fn day_of(number: u32) -> Result<Day, CodecError> {
    let day = Day::of(UnixSeconds(0)).plus_days(number);
    if day.number() == number {
        Ok(day)
    } else {
        Err(CodecError::Impossible("day"))
    }
}

/// Bounds, the upper one excluded, of a pool's rows in a range of blocks.
pub(crate) fn row_bounds(pool: PoolId, range: BlockRange) -> (Vec<u8>, Vec<u8>) {
    let lower = row_key(pool, range.from, LogIndex(0)).to_vec();
    let upper = row_key(pool, range.to, LogIndex(u32::MAX));
    (lower, just_after(&upper))
}

/// Bounds, the upper one excluded, of a range of heights.
pub(crate) fn block_bounds(range: BlockRange) -> (Vec<u8>, Vec<u8>) {
    (
        block_key(range.from).to_vec(),
        just_after(&block_key(range.to)),
    )
}

/// The least byte string greater than this key.
pub(crate) fn just_after(key: &[u8]) -> Vec<u8> {
    let mut next = Vec::with_capacity(key.len() + 1);
    next.extend_from_slice(key);
    next.push(0);
    next
}

fn exact<const N: usize>(key: &[u8]) -> Result<&[u8; N], CodecError> {
    key.try_into().map_err(|_| CodecError::KeyWidth {
        expected: N,
        found: key.len(),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn row() -> impl Strategy<Value = (PoolId, BlockNumber, LogIndex)> {
        // Few pools, so that the later parts of the key decide the order too.
        (0u8..3, any::<u64>(), any::<u32>()).prop_map(|(p, b, l)| {
            (
                PoolId(Address::repeat_byte(p.wrapping_mul(0x7f))),
                BlockNumber(b),
                LogIndex(l),
            )
        })
    }

    fn dispute() -> impl Strategy<Value = Dispute> {
        (0u64..3, 0u64..3, 0u8..3).prop_map(|(from, span, pool)| Dispute {
            range: BlockRange::new(BlockNumber(from), BlockNumber(from + span)).unwrap(),
            pool: PoolId(Address::repeat_byte(pool.wrapping_mul(0x7f))),
        })
    }

    proptest! {
        #[test]
        fn row_keys_read_back_and_order_as_rows(a in row(), b in row()) {
            let (ka, kb) = (row_key(a.0, a.1, a.2), row_key(b.0, b.1, b.2));
            prop_assert_eq!(parse_row_key(&ka).unwrap(), a);
            prop_assert_eq!(ka.cmp(&kb), a.cmp(&b));
        }

        #[test]
        fn block_keys_read_back_and_order_as_heights(a: u64, b: u64) {
            let (ka, kb) = (block_key(BlockNumber(a)), block_key(BlockNumber(b)));
            prop_assert_eq!(parse_block_key(&ka).unwrap(), BlockNumber(a));
            prop_assert_eq!(ka.cmp(&kb), a.cmp(&b));
            prop_assert_eq!(sequence_key(Sequence(a)), ka);
            prop_assert_eq!(parse_sequence_key(&ka).unwrap(), Sequence(a));
        }

        #[test]
        fn dispute_keys_read_back_and_order_as_disputes(a in dispute(), b in dispute()) {
            let (ka, kb) = (dispute_key(&a), dispute_key(&b));
            prop_assert_eq!(parse_dispute_key(&ka).unwrap(), a);
            prop_assert_eq!(ka.cmp(&kb), a.cmp(&b));
        }

        #[test]
        fn address_keys_read_back(a: [u8; 20]) {
            prop_assert_eq!(parse_address_key(&address_key(Address::from(a))).unwrap(), Address::from(a));
        }

        #[test]
        fn bounds_hold_exactly_the_range(a in row(), from: u64, span in 0u64..1_000) {
            let range = BlockRange::new(BlockNumber(from), BlockNumber(from.saturating_add(span))).unwrap();
            let (lower, upper) = row_bounds(a.0, range);
            let key = row_key(a.0, a.1, a.2).to_vec();
            prop_assert_eq!(lower <= key && key < upper, range.contains(a.1));
        }
    }

    #[test]
    fn keys_of_another_width_are_refused() {
        for width in [0, 7, 9, 19, 21, 31, 33, 35, 37] {
            let key = vec![0; width];
            assert!(parse_row_key(&key).is_err());
            assert!(parse_block_key(&key).is_err());
            assert!(parse_address_key(&key).is_err());
            assert!(parse_dispute_key(&key).is_err());
        }
    }
}
