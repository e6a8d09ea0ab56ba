//! `GET /api/pools/{date}`: what all pools did on a day.

use super::days::Known;
use crate::api::ask::{Asked, read_cursor, write_cursor};
use crate::api::cells::{Cells, Features, Targets};
use crate::api::kept::Answer;
use crate::api::refusal::Refusal;
use crate::api::snapshot::Snapshot;
use crate::forecasts::{Outlook, Prediction};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;
use tidegauge_features::{Cell, Kind, PoolDay, ROW_COLUMNS, Status};
use tidegauge_model::{BlockRef, Day, PoolId};

/// Most rows of a page, and as many as there are without a limit.
const MAX_ROWS: usize = 10_000;

/// Which rows, in which order.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    /// A feature to order by, descending with `-` before it: `-volume_usd_24h`. By default rows
    /// come by pool address. Unknown values come last.
    sort: Option<String>,
    /// Only pools of this `pool_class`.
    class: Option<String>,
    /// Most rows, from 1 to 10000; by default 10000.
    #[schemars(range(min = 1, max = 10_000))]
    limit: Option<usize>,
    /// The `next` of the page before, with the same sort and class.
    cursor: Option<String>,
}

/// A day of all pools.
#[derive(Serialize, JsonSchema)]
pub(super) struct DayOfPools {
    date: Day,
    status: Status,
    /// The last block that is in the numbers.
    as_of: BlockRef,
    /// Rows of all pages together.
    total: usize,
    rows: Vec<PoolRow>,
    /// Where the next page begins; null on the last.
    next: Option<String>,
}

impl Answer for DayOfPools {}

/// A pool's day.
#[derive(Serialize, JsonSchema)]
struct PoolRow {
    pool_address: PoolId,
    /// `SYMBOL0/SYMBOL1 FEE %`.
    pool_name: String,
    date: Day,
    features: Cells<Features>,
    /// What followed, as far as it is final.
    targets: Cells<Targets>,
    /// What was forecast from the day; null where nothing was.
    prediction: Option<Prediction>,
}

/// The last row of a page.
#[derive(Serialize, Deserialize)]
struct Cursor {
    sort: Option<String>,
    class: Option<String>,
    after: PoolId,
}

/// A day's rows.
pub(super) fn pools(
    snapshot: &Snapshot<'_>,
    asked: &Asked,
    wanted: Wanted,
) -> Result<DayOfPools, Refusal> {
    let day = asked.day(0)?;
    let as_of = snapshot.as_of()?.block;
    let order = Order::read(wanted.sort.as_deref())?;
    let limit = limit(wanted.limit)?;
    let after = after(&wanted)?;
    let day = Known::read(snapshot)?.complete(day)?;
    let mut rows = read(snapshot, day, wanted.class.as_deref())?;
    order.apply(&mut rows);
    let total = rows.len();
    let begin = match after {
        Some(pool) => rows
            .iter()
            .position(|row| row.pool == pool)
            .map(|place| place + 1)
            .ok_or_else(stale)?,
        None => 0,
    };
    let outlook = Outlook::read(&snapshot.view, day)?;
    let page = rows.get(begin..).unwrap_or_default();
    let page = page.get(..limit).unwrap_or(page);
    let next = match page.last() {
        Some(last) if begin + page.len() < total => write_cursor(&Cursor {
            sort: wanted.sort,
            class: wanted.class,
            after: last.pool,
        }),
        _ => None,
    };
    let shown = page.iter().map(|row| show(snapshot, &outlook, row));
    Ok(DayOfPools {
        date: day,
        status: snapshot.view.status(day)?,
        as_of,
        total,
        rows: shown.collect::<Result<_, _>>()?,
        next,
    })
}

fn limit(wanted: Option<usize>) -> Result<usize, Refusal> {
    match wanted {
        None => Ok(MAX_ROWS),
        Some(limit) if (1..=MAX_ROWS).contains(&limit) => Ok(limit),
        Some(limit) => Err(super::bad_limit("limit", limit as u64, MAX_ROWS as u64)),
    }
}

fn after(wanted: &Wanted) -> Result<Option<PoolId>, Refusal> {
    let Some(text) = &wanted.cursor else {
        return Ok(None);
    };
    let cursor: Cursor = read_cursor(text)?;
    if cursor.sort != wanted.sort || cursor.class != wanted.class {
        return Err(Refusal::bad(
            "bad_cursor",
            "cursor: it belongs to another sort or class",
            "keep sort and class from page to page",
        ));
    }
    Ok(Some(cursor.after))
}

fn stale() -> Refusal {
    Refusal::bad(
        "bad_cursor",
        "cursor: its pool is no longer among the rows",
        "the day was replaced in between: begin again without a cursor",
    )
}

fn read(snapshot: &Snapshot<'_>, day: Day, class: Option<&str>) -> Result<Vec<PoolDay>, Refusal> {
    let rows = snapshot.view.daily_rows(day, day, None)?;
    let Some(class) = class else {
        return Ok(rows.collect::<Result<_, _>>()?);
    };
    let (place, words) = classes();
    if !words.contains(&class) {
        return Err(Refusal::bad(
            "bad_class",
            "class: there is no such class",
            format!("one of {}", words.join(", ")),
        ));
    }
    let is_wanted = |row: &PoolDay| matches!(row.row.cells().nth(place), Some(Cell::Word(word)) if word == class);
    Ok(rows
        .filter(|row| row.as_ref().map_or(true, is_wanted))
        .collect::<Result<_, _>>()?)
}

/// The column of classes, and all of them.
fn classes() -> (usize, &'static [&'static str]) {
    let columns = ROW_COLUMNS.iter().enumerate();
    let mut found = columns.filter_map(|(place, column)| match column.kind {
        Kind::Word(words) if column.name == "pool_class" => Some((place, words)),
        _ => None,
    });
    found.next().unwrap_or_default()
}

fn show(snapshot: &Snapshot<'_>, outlook: &Outlook, row: &PoolDay) -> Result<PoolRow, Refusal> {
    let names = &snapshot.context.names;
    Ok(PoolRow {
        pool_address: row.pool,
        pool_name: names.label(&snapshot.view, row.pool)?,
        date: row.day,
        features: Cells::features(&row.row),
        targets: Cells::targets(&row.targets),
        prediction: outlook.of(row.pool),
    })
}

/// By which column; `None`: by pool.
struct Order {
    column: Option<usize>,
    descends: bool,
}

impl Order {
    fn read(text: Option<&str>) -> Result<Self, Refusal> {
        let Some(text) = text else {
            return Ok(Self {
                column: None,
                descends: false,
            });
        };
        let (name, descends) = match text.strip_prefix('-') {
            Some(name) => (name, true),
            None => (text, false),
        };
        let column = ROW_COLUMNS.iter().position(|column| column.name == name);
        if column.is_none() && name != "pool_address" {
            return Err(Refusal::bad(
                "bad_sort",
                "sort: there is no such feature",
                "name a member of `features`, with - before it for descending",
            ));
        }
        Ok(Self { column, descends })
    }

    fn apply(&self, rows: &mut Vec<PoolDay>) {
        let Some(place) = self.column else {
            // They come by pool.
            if self.descends {
                rows.reverse();
            }
            return;
        };
        let key = |row: &PoolDay| row.row.cells().nth(place).unwrap_or(Cell::Null);
        let mut keyed: Vec<(Cell, PoolDay)> = rows.drain(..).map(|row| (key(&row), row)).collect();
        keyed.sort_by(|(a, x), (b, y)| {
            let by_value = match (a, b) {
                (Cell::Null, Cell::Null) => Ordering::Equal,
                (Cell::Null, _) => Ordering::Greater,
                (_, Cell::Null) => Ordering::Less,
                _ if self.descends => compare(b, a),
                _ => compare(a, b),
            };
            by_value.then(x.pool.cmp(&y.pool))
        });
        rows.extend(keyed.into_iter().map(|(_, row)| row));
    }
}

/// Known values of one column.
fn compare(a: &Cell, b: &Cell) -> Ordering {
    match (a, b) {
        (Cell::Int(a), Cell::Int(b)) => a.cmp(b),
        (Cell::Float(a), Cell::Float(b)) => a.total_cmp(b),
        (Cell::Usd(a), Cell::Usd(b)) => a.cmp(b),
        (Cell::Bool(a), Cell::Bool(b)) => a.cmp(b),
        (Cell::Word(a), Cell::Word(b)) => a.cmp(b),
        _ => Ordering::Equal,
    }
}
