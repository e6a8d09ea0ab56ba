//! Swaps as rows, and their digests: the same in Rust and in SQL.

use super::position::{beyond, bigint};
use crate::error::SyncError;
use crate::mirror_fault::MirrorFault;
use crate::postgres::copy::CopyBuffer;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::io::Write as _;
use tidegauge_features::SwapValue;
use tidegauge_model::text::push_u64;
use tidegauge_model::{Address, B256, Day, PoolId, PoolVerdict, Swap, Token, U256, Usd};
use tidegauge_storage::{RowDigest, StoredBlock, ValuedBlock, View};

/// The table and its columns, in the order of a row's fields.
pub(super) const TABLE: &str = "daily_transactions";
pub(super) const COLUMNS: &str = "chain_id, block_number, log_index, tx_hash, tx_index, \
    pool_address, \"timestamp\", created_date, fee_tier, token0_amount, token1_amount, \
    amount0_raw, amount1_raw, sender, recipient, tx_from, sqrt_price_x96, liquidity, tick, \
    volume_usd";
pub(super) const FIELDS: u16 = 20;

/// What a swap's log says, as one line; [`RowDigest`] makes the same of a stored swap.
pub(in crate::postgres) const RAW_LINE: &str = "concat_ws('|', block_number, log_index, tx_hash, \
    tx_index, pool_address, extract(epoch FROM \"timestamp\")::bigint, sender, recipient, \
    coalesce(tx_from, ''), amount0_raw, amount1_raw, sqrt_price_x96, liquidity, tick) || E'\\n'";

/// What was added to it, as one line.
pub(in crate::postgres) const REST_LINE: &str = "concat_ws('|', log_index, \
    created_date - DATE '1970-01-01', fee_tier, trim_scale(token0_amount), \
    trim_scale(token1_amount), coalesce(trim_scale(volume_usd)::text, '')) || E'\\n'";

/// Decimal places of [`Usd`].
const USD_PLACES: u8 = 9;

/// A block's swaps in brief.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::postgres) struct BlockDigest {
    /// How many.
    pub(in crate::postgres) swaps: u32,
    /// SHA-256 over what their logs say.
    pub(in crate::postgres) raw: B256,
    /// SHA-256 over what was added.
    pub(in crate::postgres) rest: B256,
}

/// What rows say of their pool.
#[derive(Clone, Copy)]
struct PoolFacts {
    fee_tier: u32,
    decimals: [u8; 2],
}

/// What one swap says beyond its log.
pub(in crate::postgres) struct Rest {
    day: Day,
    fee_tier: u32,
    decimals: [u8; 2],
    usd: Option<Usd>,
}

/// What is known of pools and tokens that rows were made of.
#[derive(Default)]
pub(in crate::postgres) struct Facts {
    pools: HashMap<PoolId, PoolFacts>,
    decimals: HashMap<Address, u8>,
}

/// Makes rows of one view's swaps.
pub(in crate::postgres) struct SwapRows<'v> {
    view: &'v View<'v>,
    chain: i32,
    facts: Facts,
    digest: RowDigest,
    line: Vec<u8>,
}

impl<'v> SwapRows<'v> {
    /// Rows of a chain; what is known already must be so in this view.
    pub(in crate::postgres) fn new(view: &'v View<'v>, chain: i32, facts: Facts) -> Self {
        Self {
            view,
            chain,
            facts,
            digest: RowDigest::new(),
            line: Vec::new(),
        }
    }

    /// What has become known.
    pub(super) fn into_facts(self) -> Facts {
        self.facts
    }

    /// What is added to each swap of a block, in their order.
    pub(in crate::postgres) fn rests(
        &mut self,
        (block, values): &ValuedBlock,
    ) -> Result<Vec<Rest>, SyncError> {
        let rest = |(swap, value): (&Swap, &Option<SwapValue>)| {
            let facts = self.facts(swap)?;
            Ok(Rest {
                day: Day::of(swap.timestamp),
                fee_tier: facts.fee_tier,
                decimals: facts.decimals,
                usd: value.and_then(|value| value.usd),
            })
        };
        block.swaps.iter().zip(values).map(rest).collect()
    }

    /// A block's digests.
    pub(in crate::postgres) fn digest(
        &mut self,
        block: &StoredBlock,
        rests: &[Rest],
    ) -> Result<BlockDigest, SyncError> {
        let swaps = u32::try_from(block.swaps.len())
            .map_err(|_| beyond("number of swaps", block.swaps.len()))?;
        let mut hasher = Sha256::new();
        for (swap, rest) in block.swaps.iter().zip(rests) {
            self.line.clear();
            push_rest_line(&mut self.line, swap, rest);
            hasher.update(&self.line);
        }
        let rest: [u8; 32] = hasher.finalize().into();
        Ok(BlockDigest {
            swaps,
            raw: self.digest.of(&block.swaps),
            rest: B256::new(rest),
        })
    }

    /// Adds a block's rows.
    pub(super) fn put(
        &self,
        block: &StoredBlock,
        rests: &[Rest],
        out: &mut CopyBuffer,
    ) -> Result<(), SyncError> {
        for (swap, rest) in block.swaps.iter().zip(rests) {
            put(self.chain, swap, rest, out)?;
        }
        Ok(())
    }

    fn facts(&mut self, swap: &Swap) -> Result<PoolFacts, SyncError> {
        if let Some(facts) = self.facts.pools.get(&swap.pool) {
            return Ok(*facts);
        }
        let unknown = |message: String| MirrorFault::Contradiction {
            block: swap.block,
            message,
        };
        let Some(PoolVerdict::Accepted(pool)) = self.view.pool(swap.pool)? else {
            return Err(unknown(format!("its pool {} is not accepted", swap.pool)).into());
        };
        let mut decimals = [0; 2];
        for (token, places) in [pool.token0, pool.token1].into_iter().zip(&mut decimals) {
            *places = match self.facts.decimals.get(&token) {
                Some(known) => *known,
                None => {
                    let known: Token = self
                        .view
                        .token(token)?
                        .ok_or_else(|| unknown(format!("token {token:#x} is missing")))?;
                    self.facts.decimals.insert(token, known.decimals);
                    known.decimals
                }
            };
        }
        let facts = PoolFacts {
            fee_tier: pool.fee_pips,
            decimals,
        };
        self.facts.pools.insert(swap.pool, facts);
        Ok(facts)
    }
}

/// The digests of no swaps.
pub(in crate::postgres) fn no_swaps() -> BlockDigest {
    let empty: [u8; 32] = Sha256::digest([]).into();
    BlockDigest {
        swaps: 0,
        raw: B256::new(empty),
        rest: B256::new(empty),
    }
}

/// The line of [`REST_LINE`].
pub(in crate::postgres) fn rest_line(swap: &Swap, rest: &Rest) -> String {
    let mut line = Vec::new();
    push_rest_line(&mut line, swap, rest);
    String::from_utf8_lossy(&line).into_owned()
}

fn push_rest_line(line: &mut Vec<u8>, swap: &Swap, rest: &Rest) {
    push_u64(line, u64::from(swap.log_index.0));
    line.push(b'|');
    push_u64(line, u64::from(rest.day.number()));
    line.push(b'|');
    push_u64(line, u64::from(rest.fee_tier));
    line.push(b'|');
    swap.amount0.push_adjusted(rest.decimals[0], line);
    line.push(b'|');
    swap.amount1.push_adjusted(rest.decimals[1], line);
    line.push(b'|');
    if let Some(usd) = rest.usd {
        // Writing to a buffer in memory cannot fail.
        let _ = write!(line, "{usd}");
    }
    line.push(b'\n');
}

/// The line of [`RAW_LINE`], for people: the digest is made without it.
pub(in crate::postgres) fn raw_line(swap: &Swap) -> String {
    let origin = swap.origin.map(|from| format!("{from:#x}"));
    format!(
        "{}|{}|{:#x}|{}|{}|{}|{:#x}|{:#x}|{}|{}|{}|{}|{}|{}\n",
        swap.block,
        swap.log_index,
        swap.tx_hash,
        swap.tx_index,
        swap.pool,
        swap.timestamp,
        swap.sender,
        swap.recipient,
        origin.unwrap_or_default(),
        swap.amount0,
        swap.amount1,
        swap.sqrt_price,
        swap.liquidity,
        swap.tick
    )
}

fn put(chain: i32, swap: &Swap, rest: &Rest, out: &mut CopyBuffer) -> Result<(), SyncError> {
    let block = bigint(swap.block)?;
    let log_index = place("log index", swap.log_index.0)?;
    let tx_index = place("transaction index", swap.tx_index.0)?;
    let fee_tier = place("fee tier", rest.fee_tier)?;
    let mut row = out.row();
    row.i32(chain).i64(block).i32(log_index);
    row.hex(swap.tx_hash.as_slice()).i32(tx_index);
    row.hex(swap.pool.0.as_slice());
    row.timestamp(swap.timestamp).date(rest.day).i32(fee_tier);
    row.numeric_i256(swap.amount0.0, rest.decimals[0]);
    row.numeric_i256(swap.amount1.0, rest.decimals[1]);
    row.numeric_i256(swap.amount0.0, 0);
    row.numeric_i256(swap.amount1.0, 0);
    row.hex(swap.sender.as_slice());
    row.hex(swap.recipient.as_slice());
    match swap.origin {
        Some(from) => row.hex(from.as_slice()),
        None => row.null(),
    };
    row.numeric_u256(swap.sqrt_price.0, 0);
    row.numeric_u256(U256::from(swap.liquidity), 0);
    row.i32(swap.tick);
    match rest.usd {
        Some(usd) => row.numeric_i128(usd.0, USD_PLACES),
        None => row.null(),
    };
    Ok(())
}

/// A small number as an `integer`.
fn place(what: &'static str, value: u32) -> Result<i32, SyncError> {
    i32::try_from(value).map_err(|_| beyond(what, value))
}
