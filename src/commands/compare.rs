//! `compare`: somebody's daily rows beside ours.

use crate::cli::Compare;
use crate::compare::{
    Against, DayRows, Numbers, Users, compare as side_by_side, page, read, shared,
};
use crate::config::Config;
use crate::days::{
    DaySpan, Engine, PoolBook, Source, Wanted, Whole, cells, columns, feature_set, rows, watched,
};
use crate::error::Error;
use crate::table::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use tidegauge_model::{Address, BlockNumber, BlockRange, Day, NANO_PER_USD, PoolId};
use tidegauge_storage::View;
use tidegauge_sync::WholeFile;

/// A row takes some 300 bytes of memory.
const MOST_ROWS: usize = 4_000_000;

/// Reads the file, computes the comparison, prints it.
pub(super) fn compare(config: &Config, flags: &Compare) -> Result<(), Error> {
    let shared = shared(&columns());
    let theirs = read(&flags.file, &shared)?;
    let reader = super::open_beside(config)?;
    let view = reader.view()?;
    let whole = Whole::read(&view)?;
    let book = PoolBook::read(&view)?;
    let source = Source {
        set: feature_set(&view)?,
        view: &view,
        book: &book,
        whole,
    };
    let mut ours = DayRows::default();
    if let Some(days) = theirs.days.and_then(|days| common(days, &whole)) {
        let wanted = Wanted {
            days,
            pools: BTreeSet::new(),
        };
        let rows = rows(&source, &wanted, Engine::Stored)?;
        for row in watched("compare", days, rows) {
            let row = row?;
            let cells = cells(book.of_row(row.pool)?, &row);
            let (mut numbers, mut texts) = (Vec::new(), Vec::new());
            for column in &shared {
                match (column.is_number, &cells[column.ours]) {
                    (true, cell) => numbers.push(number(cell)),
                    (false, Cell::Text(text)) => texts.push(Some(text.as_ref().into())),
                    (false, _) => texts.push(None),
                }
            }
            let row_of_ours = Numbers {
                numbers: numbers.into(),
                texts: texts.into(),
            };
            ours.put(row.pool, row.day, row_of_ours);
            if ours.rows.len() > MOST_ROWS {
                return Err(Error::Usage(format!(
                    "more than {MOST_ROWS} rows of ours lie between the first and the last day of the file: split it by days"
                )));
            }
        }
    }
    let blocks = blocks_by_day(&view)?;
    let against = Against {
        ours: &ours,
        book: &book,
        lists: &source.set.lists,
        whole,
        users: &|pool, day| users(&view, &blocks, pool, day),
    };
    let report = side_by_side(&theirs, &shared, &against)?;
    let unprintable = |e: std::fmt::Error| Error::Failed(format!("cannot print the report: {e}"));
    if let Some(out) = &flags.out {
        let mut file = WholeFile::create(out)?;
        file.write_all(page(&report).map_err(unprintable)?.as_bytes())
            .map_err(Error::io(format!("write {}", out.display())))?;
        file.finish()?;
    }
    if flags.json {
        return super::print_json(&report);
    }
    print!("{}", report.text().map_err(unprintable)?);
    if let Some(out) = &flags.out {
        println!(
            "\nthe same with the rows that differ most in {}",
            out.display()
        );
    }
    Ok(())
}

/// Their days that are whole here.
fn common(theirs: DaySpan, whole: &Whole) -> Option<DaySpan> {
    DaySpan::new(theirs.from.max(whole.first), theirs.to.min(whole.last()?))
}

fn number(cell: &Cell<'_>) -> Option<f64> {
    match cell {
        Cell::Int(value) => Some(*value as f64),
        Cell::Float(value) => Some(*value),
        Cell::Usd(value) => Some(value.0 as f64 / NANO_PER_USD as f64),
        _ => None,
    }
}

/// The first and last block on record of each day.
fn blocks_by_day(view: &View<'_>) -> Result<BTreeMap<Day, BlockRange>, Error> {
    let mut days: BTreeMap<Day, BlockRange> = BTreeMap::new();
    let all = BlockRange {
        from: view.start().unwrap_or_default(),
        to: BlockNumber(u64::MAX),
    };
    for block in view.blocks(all)? {
        let (number, record) = block?;
        days.entry(Day::of(record.timestamp))
            .or_insert(BlockRange::one(number))
            .to = number;
    }
    Ok(days)
}

/// Counts a pool's day anew by the fields of its logs.
fn users(
    view: &View<'_>,
    blocks: &BTreeMap<Day, BlockRange>,
    pool: PoolId,
    day: Day,
) -> Result<Users, Error> {
    let (mut senders, mut recipients) = (BTreeSet::<Address>::new(), BTreeSet::new());
    if let Some(range) = blocks.get(&day) {
        for swap in view.swaps(pool, *range)? {
            let swap = swap?;
            senders.insert(swap.sender);
            recipients.insert(swap.recipient);
        }
    }
    Ok(Users {
        senders: senders.len() as u64,
        recipients: recipients.len() as u64,
    })
}
