//! `features`: rows of pools' days as Parquet, CSV or JSON.

use crate::cli::{EngineArg, Features, PricingArg};
use crate::config::Config;
use crate::days::{
    DaySpan, Engine, PoolBook, SUBGRAPH_COLUMNS, Source, Wanted, Whole, cells, columns,
    feature_set, rows, subgraph, watched,
};
use crate::error::Error;
use crate::progress::group;
use crate::table::{Format, TableOut, is_standard_output, pipe_may_close};
use std::path::Path;
use tidegauge_model::BlockNumber;

/// Writes the rows, by day and pool; a file appears whole or not at all.
pub(super) fn features(config: &Config, flags: &Features) -> Result<(), Error> {
    let Some(out) = &flags.out else {
        return Err(Error::Usage("which file? --out FILE".to_owned()));
    };
    Format::of(out)?;
    let reader = super::open_beside(config)?;
    let view = reader.view()?;
    let whole = Whole::read(&view)?;
    let book = PoolBook::read(&view)?;
    let wanted = Wanted {
        days: DaySpan::resolve(
            flags.days.from,
            flags.days.to,
            flags.days.last.as_deref(),
            &whole,
            flags.allow_partial,
        )?,
        pools: book.wanted(&flags.pools)?,
    };
    let source = Source {
        set: feature_set(&view)?,
        view: &view,
        book: &book,
        whole,
    };
    let written = match flags.pricing {
        PricingArg::Market => write(&source, &wanted, engine(flags), out),
        PricingArg::Subgraph => write_subgraph(&source, &wanted, out),
    };
    let count = pipe_may_close(out, written)?;
    if !is_standard_output(out) {
        println!(
            "{} rows of days {} in {}",
            group(count),
            wanted.days,
            out.display()
        );
    }
    Ok(())
}

fn engine(flags: &Features) -> Engine {
    match (flags.recompute, flags.engine) {
        (_, Some(EngineArg::Oracle)) => Engine::Oracle,
        (true, _) | (_, Some(EngineArg::Fold)) => Engine::Recomputed,
        (false, None) => Engine::Stored,
    }
}

fn write(source: &Source<'_>, wanted: &Wanted, engine: Engine, out: &Path) -> Result<u64, Error> {
    let rows = rows(source, wanted, engine)?;
    let mut table = TableOut::create(out, &columns(), &facts(source, wanted)?)?;
    for row in watched("features", wanted.days, rows) {
        let row = row?;
        table.push(&cells(source.book.of_row(row.pool)?, &row))?;
    }
    table.finish()
}

fn write_subgraph(source: &Source<'_>, wanted: &Wanted, out: &Path) -> Result<u64, Error> {
    let rows = subgraph(source, wanted)?;
    let mut table = TableOut::create(out, &SUBGRAPH_COLUMNS, &facts(source, wanted)?)?;
    for row in rows {
        table.push(&row)?;
    }
    table.finish()
}

/// What is said of the file as a whole: enough to make it again.
fn facts(source: &Source<'_>, wanted: &Wanted) -> Result<Vec<(&'static str, String)>, Error> {
    let identity = source.view.identity()?;
    let tip = source.view.tip()?.map(|tip| tip.block);
    let at = tip.map_or(BlockNumber(0), |tip| tip.number);
    let mut facts = vec![
        ("tidegauge.chain_id", identity.chain_id.to_string()),
        ("tidegauge.store", identity.uuid.to_string()),
        (
            "tidegauge.feature_set",
            source.set.fingerprint(at).to_string(),
        ),
        ("tidegauge.days", wanted.days.to_string()),
    ];
    if let Some(tip) = tip {
        facts.push(("tidegauge.tip_block", tip.number.to_string()));
        facts.push(("tidegauge.tip_hash", format!("{:#x}", tip.hash)));
    }
    Ok(facts)
}
