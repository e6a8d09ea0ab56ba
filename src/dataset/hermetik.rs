//! The earlier pipeline's three files: its columns, its meaning, its names.
//!
//! Its labels count rows, not days, so that they may reach far ahead where a pool rests. A row is
//! for training only if every row that its labels know lies before the test.

use super::folder::Folder;
use super::manifest::{FileEntry, Manifest, SetEntry};
use super::split::Split;
use super::write::put_manifest;
use crate::days::{DaySpan, NamedPool, PoolBook, PoolDays};
use crate::error::Error;
use std::collections::BTreeMap;
use std::io::Write;
use tidegauge_features::hermetik::{HEADER, HermetikDay, HermetikPool, line, pool_type, rows};
use tidegauge_model::{Day, Lists, PoolId};
use tidegauge_sync::WholeFile;

/// Rows that its longest label looks ahead.
const LABEL_ROWS: usize = 7;

struct Part {
    name: &'static str,
    file: WholeFile,
    rows: u64,
    labelled: u64,
    days: Option<DaySpan>,
}

/// Which of the files a row belongs to besides the one that holds all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Training,
    Test,
    /// Its labels know days of the test, or it lies in the embargo.
    Neither,
}

/// Writes the files and the manifest. The days have to begin with the first whole one, whatever
/// days are asked for: windows over rows reach back without end.
pub(crate) fn write_hermetik(
    folder: &Folder,
    split: &Split,
    asked: DaySpan,
    days: PoolDays<'_>,
    book: &PoolBook,
    lists: &Lists,
    mut manifest: Manifest,
) -> Result<Manifest, Error> {
    let mut series: BTreeMap<PoolId, Vec<HermetikDay>> = BTreeMap::new();
    for day in days {
        let day = day?;
        let count = |count: i64| {
            u32::try_from(count).map_err(|_| {
                Error::Failed(format!(
                    "{} of pool {}: {count} is no count",
                    day.day, day.pool
                ))
            })
        };
        series.entry(day.pool).or_default().push(HermetikDay {
            day: day.day,
            tx_count: count(day.row.tx_count)?,
            unique_users: day.row.unique_users.map(count).transpose()?,
        });
    }
    let test = split
        .sets
        .iter()
        .find(|set| set.name == "test")
        .map_or(asked, |set| set.days);
    let part = |name| {
        let mut file = WholeFile::create(&folder.file(name)?)?;
        put(&mut file, HEADER)?;
        Ok::<_, Error>(Part {
            name,
            file,
            rows: 0,
            labelled: 0,
            days: None,
        })
    };
    let mut latest = part("pool_dataset_latest.csv")?;
    let mut training = part("pool_training_data.csv")?;
    let mut tested = part("pool_test_data.csv")?;
    for (id, days) in &series {
        let named = book.of_row(*id)?;
        let pool = earlier(named, lists);
        for (n, row) in rows(days).iter().enumerate() {
            if !asked.holds(row.counted.day) {
                continue;
            }
            let text = line(&pool, row);
            let is_labelled = row.target_tx_7d_avg_ahead.is_some();
            latest.push(&text, row.counted.day, is_labelled)?;
            match place(days, n, test, split.embargo_days) {
                Place::Training => training.push(&text, row.counted.day, is_labelled)?,
                Place::Test => tested.push(&text, row.counted.day, is_labelled)?,
                Place::Neither => {}
            }
        }
    }
    manifest.format = "hermetik";
    manifest.universe =
        "the pools with a swap on the day of the row; windows and labels count rows";
    for part in [latest, training, tested] {
        let days = part.days.ok_or_else(|| {
            Error::Failed(format!("{} has no rows: choose other days", part.name))
        })?;
        part.file.finish()?;
        manifest.sets.push(SetEntry {
            name: part.name.trim_end_matches(".csv").to_owned(),
            first_day: days.from,
            last_day: days.to,
            purged_days: 0,
            rows: part.rows,
            labelled_rows: part.labelled,
        });
        let path = folder.file(part.name)?;
        manifest.files.push(FileEntry::of(part.name, &path)?);
        if part.name == "pool_training_data.csv" {
            manifest.leak_checked_rows = part.rows;
        }
    }
    put_manifest(folder, &manifest)?;
    Ok(manifest)
}

impl Part {
    fn push(&mut self, text: &str, day: Day, is_labelled: bool) -> Result<(), Error> {
        put(&mut self.file, text)?;
        self.rows += 1;
        self.labelled += u64::from(is_labelled);
        self.days = Some(match self.days {
            None => DaySpan { from: day, to: day },
            Some(days) => DaySpan {
                from: days.from.min(day),
                to: days.to.max(day),
            },
        });
        Ok(())
    }
}

fn put(file: &mut WholeFile, text: &str) -> Result<(), Error> {
    writeln!(file, "{text}").map_err(Error::io(format!("write {}", file.path().display())))
}

fn earlier(named: &NamedPool, lists: &Lists) -> HermetikPool {
    let pool = &named.info.pool;
    HermetikPool {
        id: pool.id,
        symbols: named.symbols.clone(),
        fee_pips: pool.fee_pips,
        pool_type: pool_type(lists, [pool.token0, pool.token1]),
    }
}

/// Where a pool's n-th row belongs.
fn place(days: &[HermetikDay], n: usize, test: DaySpan, embargo_days: u32) -> Place {
    let Some(last) = days.len().checked_sub(1) else {
        return Place::Neither;
    };
    if test.holds(days[n].day) {
        return Place::Test;
    }
    let newest_known = days[(n + LABEL_ROWS).min(last)].day;
    if newest_known.plus_days(embargo_days) < test.from {
        Place::Training
    } else {
        Place::Neither
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_over_rows_keep_rows_from_training() {
        let day = |n: u32| Day::of(tidegauge_model::UnixSeconds(0)).plus_days(n);
        let series = |numbers: &[u32]| -> Vec<HermetikDay> {
            numbers
                .iter()
                .map(|n| HermetikDay {
                    day: day(*n),
                    tx_count: 1,
                    unique_users: None,
                })
                .collect()
        };
        let test = DaySpan {
            from: day(100),
            to: day(120),
        };
        for (numbers, n, expected) in [
            // Every day: the seventh row after is the seventh day after.
            (&(0..120).collect::<Vec<_>>()[..], 91, Place::Training),
            (&(0..120).collect::<Vec<_>>()[..], 92, Place::Neither),
            // A pool that rests: its seventh row after lies in the test.
            (&[1, 2, 3, 4, 5, 6, 110, 111], 0, Place::Neither),
            (&[1, 2, 3, 4, 5, 6, 7, 110, 111], 0, Place::Neither),
            (&[1, 2, 3, 4, 5, 6, 7, 8, 110], 0, Place::Training),
            // Fewer rows than the label counts: the mean takes what there is.
            (&[1, 2, 98], 0, Place::Training),
            (&[1, 2, 99], 0, Place::Neither),
            (&[1, 2, 110], 2, Place::Test),
        ] {
            assert_eq!(
                place(&series(numbers), n, test, 1),
                expected,
                "{numbers:?} {n}"
            );
        }
    }
}
