//! `export`: raw rows as CSV.

use crate::cli::{Export, Range, Rows};
use crate::collect::address;
use crate::config::Config;
use crate::error::Error;
use crate::progress::{Progress, group};
use crate::span::{self, Moment};
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use tidegauge_model::{
    Address, BlockNumber, BlockRange, LiquidityChange, LiquidityEvent, Pool, PoolId, PoolVerdict,
    Swap, UnixSeconds,
};
use tidegauge_storage::View;

const SWAP_HEADER: &str = "chain_id,block_number,log_index,tx_hash,tx_index,pool_address,timestamp,fee_tier,token0_amount,token1_amount,\
amount0_raw,amount1_raw,sender,recipient,tx_from,sqrt_price_x96,liquidity,tick";
const LIQUIDITY_HEADER: &str = "chain_id,block_number,log_index,tx_hash,tx_index,pool_address,timestamp,tx_from,event,sender,owner,recipient,\
tick_lower,tick_upper,liquidity,amount0_raw,amount1_raw,paid0_raw,paid1_raw,sqrt_price_x96,tick,fee_protocol_old,fee_protocol_new";

/// Writes the rows, pool by pool, in order of block and log index; a file appears whole or not at all.
pub(super) fn export(config: &Config, flags: &Export) -> Result<(), Error> {
    let reader = super::open_beside(config)?;
    let view = reader.view()?;
    let selection = Selection::read(&view, &flags.range)?;
    let wanted: Vec<PoolId> = flags
        .pools
        .iter()
        .map(|text| address("pool", text).map(PoolId))
        .collect::<Result<_, _>>()?;
    let pools = accepted(&view, &wanted)?;
    if flags.out == Path::new("-") {
        let mut out = BufWriter::new(io::stdout().lock());
        let written = write_rows(&view, &selection, &pools, flags.rows, &mut out)
            .and_then(|_| out.flush().map_err(Error::io("write to standard output")));
        return match written {
            // The reader of a pipe may have seen enough.
            Err(Error::Io { cause, .. }) if cause.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            other => other,
        };
    }
    if flags.out.exists() {
        return Err(Error::Usage(format!(
            "{} exists: remove it or choose another --out",
            flags.out.display()
        )));
    }
    let attempt = || format!("write {}", flags.out.display());
    let partial = flags.out.with_extension("partial");
    let file = File::create(&partial).map_err(Error::io(attempt()))?;
    let mut out = BufWriter::new(file);
    let rows = write_rows(&view, &selection, &pools, flags.rows, &mut out)?;
    let file = out.into_inner().map_err(|e| Error::Io {
        attempt: attempt(),
        cause: e.into_error(),
    })?;
    file.sync_all().map_err(Error::io(attempt()))?;
    std::fs::rename(&partial, &flags.out).map_err(Error::io(attempt()))?;
    println!(
        "{} rows of blocks {} in {}",
        group(rows),
        selection.blocks,
        flags.out.display()
    );
    Ok(())
}

/// Which rows: blocks bound what is read, times what of it is kept.
struct Selection {
    blocks: BlockRange,
    from: UnixSeconds,
    until: UnixSeconds,
}

impl Selection {
    /// Within what the store holds; an age counts back from the tip.
    fn read(view: &View<'_>, range: &Range) -> Result<Self, Error> {
        let (Some(start), Some(tip)) = (view.start(), view.tip()?) else {
            return Err(Error::Failed(
                "the store is empty: collect something first, e.g. tidegauge backfill --last 1d"
                    .to_owned(),
            ));
        };
        let mut selection = Self {
            blocks: BlockRange {
                from: start,
                to: tip.block.number,
            },
            from: UnixSeconds(0),
            until: UnixSeconds(u64::MAX),
        };
        let held = selection.blocks;
        if let Some(age) = &range.last {
            let seconds = span::age(age).ok_or_else(|| {
                Error::Usage(format!("--last `{age}`: write 90m, 12h, 30d or 4w"))
            })?;
            let at = tip.timestamp.ok_or_else(|| {
                Error::Failed("the tip's time is not known: use --from and --to".to_owned())
            })?;
            selection.from = UnixSeconds(at.0.saturating_sub(seconds));
        }
        let inside = |flag: &str, block: BlockNumber| {
            if held.contains(block) {
                Ok(block)
            } else {
                Err(Error::Usage(format!(
                    "{flag} {block} lies outside of what the store holds, blocks {held}"
                )))
            }
        };
        match range
            .from
            .as_deref()
            .map(|text| moment("--from", text))
            .transpose()?
        {
            Some(Moment::Block(block)) => selection.blocks.from = inside("--from", block)?,
            Some(Moment::Day(day)) => selection.from = day.start(),
            _ => {}
        }
        match range
            .to
            .as_deref()
            .map(|text| moment("--to", text))
            .transpose()?
        {
            Some(Moment::Block(block)) => selection.blocks.to = inside("--to", block)?,
            Some(Moment::Day(day)) => selection.until = day.end(),
            _ => {}
        }
        if selection.blocks.from > selection.blocks.to || selection.from >= selection.until {
            return Err(Error::Usage(
                "the range is empty: --to lies before --from".to_owned(),
            ));
        }
        Ok(selection)
    }

    fn keeps(&self, at: UnixSeconds) -> bool {
        self.from <= at && at < self.until
    }
}

fn moment(flag: &str, text: &str) -> Result<Moment, Error> {
    match span::moment(text) {
        Some(moment @ (Moment::Block(_) | Moment::Day(_))) => Ok(moment),
        _ => Err(Error::Usage(format!(
            "{flag} `{text}`: write a block number or a day (2024-01-05)"
        ))),
    }
}

/// The pools asked for, or all, in order of address; one that the store does not know is refused.
fn accepted(view: &View<'_>, wanted: &[PoolId]) -> Result<Vec<Pool>, Error> {
    let mut pools = Vec::new();
    for verdict in view.pools()? {
        if let PoolVerdict::Accepted(pool) = verdict?
            && (wanted.is_empty() || wanted.contains(&pool.id))
        {
            pools.push(pool);
        }
    }
    match wanted
        .iter()
        .find(|id| pools.iter().all(|pool| pool.id != **id))
    {
        Some(unknown) => Err(Error::Usage(format!("the store has no pool {unknown}"))),
        None => Ok(pools),
    }
}

fn write_rows(
    view: &View<'_>,
    selection: &Selection,
    pools: &[Pool],
    rows: Rows,
    out: &mut impl Write,
) -> Result<u64, Error> {
    let failed = || Error::io("write the CSV rows");
    let chain = view.identity()?.chain_id;
    let header = match rows {
        Rows::Swaps => SWAP_HEADER,
        Rows::Liquidity => LIQUIDITY_HEADER,
    };
    writeln!(out, "{header}").map_err(failed())?;
    let mut decimals: HashMap<Address, u8> = HashMap::new();
    for token in view.tokens()? {
        let token = token?;
        decimals.insert(token.address, token.decimals);
    }
    let mut progress = Progress::begin("export", "pools", "rows", pools.len() as u64);
    let mut count = 0;
    for pool in pools {
        let before = count;
        match rows {
            Rows::Swaps => {
                let places = |token| {
                    decimals.get(token).copied().ok_or_else(|| Error::Failed(format!("pool {} has a token {token:#x} that the store does not know: tidegauge doctor --store", pool.id)))
                };
                let places = (places(&pool.token0)?, places(&pool.token1)?);
                for swap in view.swaps(pool.id, selection.blocks)? {
                    let swap = swap?;
                    if selection.keeps(swap.timestamp) {
                        write!(out, "{chain},")
                            .and_then(|()| swap_row(out, &swap, pool.fee_pips, places))
                            .map_err(failed())?;
                        count += 1;
                    }
                }
            }
            Rows::Liquidity => {
                for event in view.liquidity(pool.id, selection.blocks)? {
                    let event = event?;
                    if selection.keeps(event.timestamp) {
                        write!(out, "{chain},")
                            .and_then(|()| liquidity_row(out, &event))
                            .map_err(failed())?;
                        count += 1;
                    }
                }
            }
        }
        progress.advance(1, count - before);
    }
    progress.finish();
    Ok(count)
}

fn swap_row(
    out: &mut impl Write,
    swap: &Swap,
    fee_tier: u32,
    decimals: (u8, u8),
) -> io::Result<()> {
    writeln!(
        out,
        "{},{},{:#x},{},{},{},{fee_tier},{},{},{},{},{:#x},{:#x},{},{},{},{}",
        swap.block,
        swap.log_index,
        swap.tx_hash,
        swap.tx_index,
        swap.pool,
        swap.timestamp,
        swap.amount0.adjusted(decimals.0),
        swap.amount1.adjusted(decimals.1),
        swap.amount0,
        swap.amount1,
        swap.sender,
        swap.recipient,
        optional(swap.origin),
        swap.sqrt_price,
        swap.liquidity,
        swap.tick,
    )
}

fn liquidity_row(out: &mut impl Write, event: &LiquidityEvent) -> io::Result<()> {
    write!(
        out,
        "{},{},{:#x},{},{},{},{},{},",
        event.block,
        event.log_index,
        event.tx_hash,
        event.tx_index,
        event.pool,
        event.timestamp,
        optional(event.origin),
        event.change.name(),
    )?;
    use LiquidityChange as C;
    match &event.change {
        C::Initialize { sqrt_price, tick } => writeln!(out, ",,,,,,,,,,{sqrt_price},{tick},,"),
        C::Mint {
            sender,
            owner,
            tick_lower,
            tick_upper,
            amount,
            amount0,
            amount1,
        } => {
            writeln!(
                out,
                "{sender:#x},{owner:#x},,{tick_lower},{tick_upper},{amount},{amount0},{amount1},,,,,,"
            )
        }
        C::Burn {
            owner,
            tick_lower,
            tick_upper,
            amount,
            amount0,
            amount1,
        } => {
            writeln!(
                out,
                ",{owner:#x},,{tick_lower},{tick_upper},{amount},{amount0},{amount1},,,,,,"
            )
        }
        C::Collect {
            owner,
            recipient,
            tick_lower,
            tick_upper,
            amount0,
            amount1,
        } => {
            writeln!(
                out,
                ",{owner:#x},{recipient:#x},{tick_lower},{tick_upper},,{amount0},{amount1},,,,,,"
            )
        }
        C::Flash {
            sender,
            recipient,
            amount0,
            amount1,
            paid0,
            paid1,
        } => {
            writeln!(
                out,
                "{sender:#x},,{recipient:#x},,,,{amount0},{amount1},{paid0},{paid1},,,,"
            )
        }
        C::SetFeeProtocol {
            old0,
            old1,
            new0,
            new1,
        } => writeln!(out, ",,,,,,,,,,,,{old0}/{old1},{new0}/{new1}"),
        C::CollectProtocol {
            sender,
            recipient,
            amount0,
            amount1,
        } => {
            writeln!(
                out,
                "{sender:#x},,{recipient:#x},,,,{amount0},{amount1},,,,,,"
            )
        }
    }
}

/// An address, or nothing where it was not collected.
fn optional(address: Option<Address>) -> String {
    address.map(|a| format!("{a:#x}")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegauge_model::{B256, LogIndex, SqrtPriceX96, TxIndex, U256};

    #[test]
    fn every_kind_of_event_fills_the_header() {
        let columns = LIQUIDITY_HEADER.split(',').count() - 1;
        let (a, n) = (Address::repeat_byte(1), U256::from(5));
        for change in [
            LiquidityChange::Initialize {
                sqrt_price: SqrtPriceX96(n),
                tick: -3,
            },
            LiquidityChange::Mint {
                sender: a,
                owner: a,
                tick_lower: -1,
                tick_upper: 1,
                amount: 1,
                amount0: n,
                amount1: n,
            },
            LiquidityChange::Burn {
                owner: a,
                tick_lower: -1,
                tick_upper: 1,
                amount: 1,
                amount0: n,
                amount1: n,
            },
            LiquidityChange::Collect {
                owner: a,
                recipient: a,
                tick_lower: -1,
                tick_upper: 1,
                amount0: 1,
                amount1: 2,
            },
            LiquidityChange::Flash {
                sender: a,
                recipient: a,
                amount0: n,
                amount1: n,
                paid0: n,
                paid1: n,
            },
            LiquidityChange::SetFeeProtocol {
                old0: 0,
                old1: 0,
                new0: 4,
                new1: 4,
            },
            LiquidityChange::CollectProtocol {
                sender: a,
                recipient: a,
                amount0: 1,
                amount1: 2,
            },
        ] {
            let event = LiquidityEvent {
                pool: PoolId(a),
                block: BlockNumber(1),
                log_index: LogIndex(2),
                tx_hash: B256::ZERO,
                tx_index: TxIndex(0),
                timestamp: UnixSeconds(9),
                origin: None,
                change,
            };
            let mut row = Vec::new();
            liquidity_row(&mut row, &event).expect("memory");
            let row = String::from_utf8(row).expect("text");
            assert_eq!(row.trim_end().split(',').count(), columns, "{row}");
        }
    }
}
