//! Rows into the sets' files, once through.

use super::card::Card;
use super::folder::Folder;
use super::leak::LeakCheck;
use super::manifest::{FileEntry, Manifest, SetEntry};
use super::page::page;
use super::profile::Profile;
use super::split::{Set, Split};
use crate::days::{PoolBook, PoolDays, cells, columns};
use crate::error::Error;
use crate::table::{Column, TableOut};
use std::collections::BTreeMap;
use tidegauge_model::{BlockNumber, Day, UnixSeconds};

/// Sets that the card describes: train, validation, test. Folds are parts of them.
const DESCRIBED: usize = 3;

/// What the rows are, besides themselves.
pub(crate) struct Origin<'a> {
    pub(crate) book: &'a PoolBook,
    /// The last day that is whole: no label may reach beyond it.
    pub(crate) last_whole: Option<Day>,
    /// Said of each file as a whole.
    pub(crate) facts: Vec<(&'static str, String)>,
    /// Time of the newest event at or below a block.
    pub(crate) newest: &'a dyn Fn(BlockNumber) -> Result<UnixSeconds, Error>,
}

struct Open<'a> {
    set: &'a Set,
    file: String,
    table: TableOut,
    rows: u64,
    labelled: u64,
    profile: Option<Profile>,
}

/// Writes every set, the card and the manifest; the folder is left to be finished.
pub(crate) fn write(
    folder: &Folder,
    split: &Split,
    rows: PoolDays<'_>,
    origin: &Origin<'_>,
    mut manifest: Manifest,
) -> Result<Manifest, Error> {
    let columns = columns();
    let mut open = split
        .sets
        .iter()
        .enumerate()
        .map(|(n, set)| begin(folder, set, &columns, origin, n < DESCRIBED))
        .collect::<Result<Vec<_>, _>>()?;
    let mut leaks = LeakCheck::default();
    let mut newest: BTreeMap<BlockNumber, UnixSeconds> = BTreeMap::new();
    for row in rows {
        let row = row?;
        let named = origin.book.of_row(row.pool)?;
        let input = match newest.get(&row.as_of_block) {
            Some(time) => *time,
            None => {
                let time = (origin.newest)(row.as_of_block)?;
                newest.insert(row.as_of_block, time);
                time
            }
        };
        let cells = cells(named, &row);
        for open in open.iter_mut().filter(|open| open.set.days.holds(row.day)) {
            let before = leaks.labelled;
            leaks
                .check(&row, input, open.set, origin.last_whole)
                .map_err(|found| Error::Failed(format!("a row would leak: {found}")))?;
            open.table.push(&cells)?;
            open.rows += 1;
            open.labelled += leaks.labelled - before;
            if let Some(profile) = &mut open.profile {
                profile.push(row.day, &cells);
            }
        }
    }
    let mut profiles = Vec::new();
    for open in open {
        if open.rows == 0 {
            return Err(Error::Failed(format!(
                "{} has no rows: no pool had a swap on days {}",
                open.set.name, open.set.days
            )));
        }
        open.table.finish()?;
        manifest.sets.push(SetEntry {
            name: open.set.name.clone(),
            first_day: open.set.days.from,
            last_day: open.set.days.to,
            purged_days: open.set.purged_days,
            rows: open.rows,
            labelled_rows: open.labelled,
        });
        let path = folder.file(&open.file)?;
        manifest.files.push(FileEntry::of(&open.file, &path)?);
        profiles.extend(open.profile);
    }
    manifest.leak_checked_rows = leaks.rows;
    describe(folder, &mut manifest, &profiles)?;
    Ok(manifest)
}

fn begin<'a>(
    folder: &Folder,
    set: &'a Set,
    columns: &[Column],
    origin: &Origin<'_>,
    is_described: bool,
) -> Result<Open<'a>, Error> {
    let file = format!("{}.parquet", set.name);
    let path = folder.file(&file)?;
    let mut facts = origin.facts.clone();
    facts.push(("tidegauge.set", set.name.clone()));
    facts.push(("tidegauge.days", set.days.to_string()));
    Ok(Open {
        set,
        table: TableOut::create(&path, columns, &facts)?,
        file,
        rows: 0,
        labelled: 0,
        profile: is_described.then(|| Profile::new(columns)),
    })
}

/// The card in both forms, then the manifest that names every file.
fn describe(folder: &Folder, manifest: &mut Manifest, profiles: &[Profile]) -> Result<(), Error> {
    let card = Card::new(manifest, profiles);
    let unprintable = |e: std::fmt::Error| Error::Failed(format!("cannot write the card: {e}"));
    let texts = [
        ("data-card.md", card.markdown().map_err(unprintable)?),
        ("data-card.html", page(&card).map_err(unprintable)?),
    ];
    for (name, text) in texts {
        let path = folder.file(name)?;
        std::fs::write(&path, text).map_err(Error::io(format!("write {}", path.display())))?;
        manifest.files.push(FileEntry::of(name, &path)?);
    }
    put_manifest(folder, manifest)
}

/// Writes the manifest, last of all.
pub(crate) fn put_manifest(folder: &Folder, manifest: &Manifest) -> Result<(), Error> {
    let path = folder.file("manifest.json")?;
    std::fs::write(&path, manifest.text()?).map_err(Error::io(format!("write {}", path.display())))
}
