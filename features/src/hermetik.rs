//! The earlier pipeline's rows: the same counts, with its meaning of windows and its way to write them.
//!
//! Its windows run over *rows*, one for each day with a swap, not over days: what it calls seven
//! days are the last seven days on which there was a swap. Kept so that models made with its files
//! can be fed; [`DailyRow`](crate::DailyRow) holds what the names promise.

use std::fmt::Write as _;
use tidegauge_model::{Address, Day, Lists, PoolId};

/// The header of its files.
pub const HEADER: &str = "poolAddress,date,pool_name,token0Symbol,token1Symbol,fee,fee_percentage,poolType,tx_count,unique_users,tx_count_3d_avg,tx_count_7d_avg,tx_count_7d_std,tx_count_cumulative,days_since_start,tx_growth_rate,day_number,target_tx_3d_ahead,target_tx_7d_ahead,target_tx_3d_avg_ahead,target_tx_7d_avg_ahead";

/// What a day with a swap is counted by.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct HermetikDay {
    /// The day.
    pub day: Day,
    /// Its swaps; never zero, for a day without one has no row.
    pub tx_count: u32,
    /// Its distinct users; `None` where they are not known.
    pub unique_users: Option<u32>,
}

/// What its files say of a pool.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HermetikPool {
    /// The pool.
    pub id: PoolId,
    /// Symbols of its tokens, where they have one.
    pub symbols: [Option<String>; 2],
    /// Fee in hundredths of a basis point.
    pub fee_pips: u32,
    /// By [`pool_type`].
    pub pool_type: &'static str,
}

/// One of its rows; the columns of the pool itself are in [`HermetikPool`].
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct HermetikRow {
    /// What it counts.
    pub counted: HermetikDay,
    /// Mean swaps of this row and the two before.
    pub tx_count_3d_avg: f64,
    /// Mean swaps of this row and the six before.
    pub tx_count_7d_avg: f64,
    /// Their sample standard deviation; 0 of one row.
    pub tx_count_7d_std: f64,
    /// Swaps of all rows so far.
    pub tx_count_cumulative: u64,
    /// Calendar days since the first row.
    pub days_since_start: u32,
    /// Swaps over those of the row before, less 1; 0 in the first row.
    pub tx_growth_rate: Option<f64>,
    /// Number of the row, from 1.
    pub day_number: u64,
    /// Swaps of the third row after.
    pub target_tx_3d_ahead: Option<u32>,
    /// Swaps of the seventh row after.
    pub target_tx_7d_ahead: Option<u32>,
    /// Mean swaps of the three rows after, as far as there are any; in a pool's first two rows
    /// without those up to its third.
    pub target_tx_3d_avg_ahead: Option<f64>,
    /// Mean swaps of the seven rows after, likewise; in a pool's first six rows without those up
    /// to its seventh.
    pub target_tx_7d_avg_ahead: Option<f64>,
}

/// What the earlier pipeline called a pool: by WETH, and by a list of stable tokens of its own.
pub fn pool_type(lists: &Lists, tokens: [Address; 2]) -> &'static str {
    if tokens.into_iter().any(|token| lists.weth == Some(token)) {
        "eth_paired"
    } else if tokens.iter().all(|t| lists.earlier_stables.contains(t)) {
        "stablecoin"
    } else {
        "other"
    }
}

/// The rows of a pool from its days with a swap, ascending and from its first on.
pub fn rows(days: &[HermetikDay]) -> Vec<HermetikRow> {
    let mut cumulative = 0;
    let mut before = None;
    let mut rows = Vec::with_capacity(days.len());
    for (n, counted) in days.iter().enumerate() {
        cumulative += u64::from(counted.tx_count);
        let [three, seven] = [3, 7].map(|most| &days[(n + 1).saturating_sub(most)..=n]);
        let ahead = |rows: usize| days.get(n + rows).map(|day| day.tx_count);
        rows.push(HermetikRow {
            counted: *counted,
            tx_count_3d_avg: mean(three),
            tx_count_7d_avg: mean(seven),
            tx_count_7d_std: deviation(seven),
            tx_count_cumulative: cumulative,
            days_since_start: counted.day.number().saturating_sub(days[0].day.number()),
            tx_growth_rate: growth(before, counted.tx_count),
            day_number: n as u64 + 1,
            target_tx_3d_ahead: ahead(3),
            target_tx_7d_ahead: ahead(7),
            target_tx_3d_avg_ahead: mean_ahead(days, n, 3),
            target_tx_7d_avg_ahead: mean_ahead(days, n, 7),
        });
        before = Some(counted.tx_count);
    }
    rows
}

/// A row as a line of its files, without the line's end.
pub fn line(pool: &HermetikPool, row: &HermetikRow) -> String {
    let mut line = format!("{},{}", pool.id, row.counted.day);
    let [symbol0, symbol1] = pool.symbols.each_ref().map(Option::as_deref);
    let name = symbol0.zip(symbol1).map(|(a, b)| format!("{a}/{b}"));
    for text in [name.as_deref(), symbol0, symbol1] {
        push(&mut line, text.map(quoted));
    }
    let fee = f64::from(pool.fee_pips);
    push(&mut line, Some(float(fee)));
    push(&mut line, Some(float(fee / 1e6)));
    push(&mut line, Some(pool.pool_type));
    push(&mut line, Some(row.counted.tx_count));
    push(&mut line, row.counted.unique_users);
    push(&mut line, Some(float(row.tx_count_3d_avg)));
    push(&mut line, Some(float(row.tx_count_7d_avg)));
    push(&mut line, Some(float(row.tx_count_7d_std)));
    push(&mut line, Some(row.tx_count_cumulative));
    push(&mut line, Some(row.days_since_start));
    push(&mut line, row.tx_growth_rate.map(float));
    push(&mut line, Some(row.day_number));
    // Whole numbers with blanks among them are floats to pandas.
    for count in [row.target_tx_3d_ahead, row.target_tx_7d_ahead] {
        push(&mut line, count.map(|count| float(f64::from(count))));
    }
    for mean in [row.target_tx_3d_avg_ahead, row.target_tx_7d_avg_ahead] {
        push(&mut line, mean.map(float));
    }
    line
}

/// A float as pandas writes it: the fewest digits that read back, with an exponent below 10⁻⁴ and
/// from 10¹⁶ on; blank where it is not a number.
pub fn float(value: f64) -> String {
    if value.is_nan() {
        return String::new();
    }
    let scientific = format!("{value:e}");
    match scientific.split_once('e') {
        Some((digits, power)) => match power.parse::<i32>() {
            Ok(power @ -4..16) => {
                // Rust never writes an exponent here, nor a point that it does not need.
                let plain = format!("{value}");
                let point = if power >= 0 && !plain.contains('.') {
                    ".0"
                } else {
                    ""
                };
                format!("{plain}{point}")
            }
            Ok(power) => {
                let sign = if power < 0 { '-' } else { '+' };
                format!("{digits}e{sign}{:02}", power.abs())
            }
            Err(_) => scientific,
        },
        None => scientific,
    }
}

fn mean(rows: &[HermetikDay]) -> f64 {
    let swaps: u64 = rows.iter().map(|row| u64::from(row.tx_count)).sum();
    swaps as f64 / rows.len() as f64
}

fn deviation(rows: &[HermetikDay]) -> f64 {
    if rows.len() < 2 {
        return 0.0;
    }
    let k = rows.len() as u128;
    let counts = rows.iter().map(|row| u128::from(row.tx_count));
    let sum: u128 = counts.clone().sum();
    let squares: u128 = counts.map(|count| count * count).sum();
    ((k * squares - sum * sum) as f64 / (k * (k - 1)) as f64).sqrt()
}

fn growth(before: Option<u32>, count: u32) -> Option<f64> {
    let Some(before) = before else {
        return Some(0.0);
    };
    let growth = f64::from(count) / f64::from(before) - 1.0;
    growth.is_finite().then_some(growth)
}

/// `shift(-rows).rolling(rows, min_periods=1).mean()`: the window reaches back over shifted rows,
/// of which a pool's first `rows` are not there.
fn mean_ahead(days: &[HermetikDay], n: usize, rows: usize) -> Option<f64> {
    let from = (n + 1).max(rows);
    let to = (n + rows + 1).min(days.len());
    (from < to).then(|| mean(&days[from..to]))
}

fn push(line: &mut String, value: Option<impl std::fmt::Display>) {
    line.push(',');
    if let Some(value) = value {
        // Writing to a string does not fail.
        let _ = write!(line, "{value}");
    }
}

/// In quotes where it must be.
fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}
