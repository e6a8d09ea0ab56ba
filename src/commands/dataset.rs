//! `dataset`: sets to train, validate and test models on.

use crate::cli::{Dataset, DatasetFormat};
use crate::config::Config;
use crate::dataset::{Ask, Folder, Manifest, Origin, Split, write, write_hermetik};
use crate::days::{DaySpan, Engine, PoolBook, Source, Wanted, Whole, feature_set, rows, watched};
use crate::error::Error;
use crate::progress::group;
use std::collections::BTreeSet;
use tidegauge_features::HORIZON_DAYS;
use tidegauge_model::{BlockNumber, BlockRange, UnixSeconds};
use tidegauge_storage::View;

/// Blocks looked back over at first for one on record.
const LOOK_BACK_BLOCKS: u64 = 1_024;

/// Writes the folder, which appears whole or not at all.
pub(super) fn dataset(config: &Config, flags: &Dataset) -> Result<(), Error> {
    if flags.format == DatasetFormat::Hermetik && flags.folds.is_some() {
        return Err(Error::Usage(
            "--format hermetik has no folds: leave --folds out".to_owned(),
        ));
    }
    let reader = super::open_beside(config)?;
    let view = reader.view()?;
    let whole = Whole::read(&view)?;
    let days = DaySpan::resolve(
        Some(flags.from),
        Some(flags.to),
        None,
        &whole,
        flags.include_partial,
    )?;
    let split = Split::of(&Ask {
        days,
        train_until: flags.train_until,
        validate_until: flags.validate_until,
        folds: flags.folds,
        embargo_days: flags.embargo_days,
    })?;
    let book = PoolBook::read(&view)?;
    let source = Source {
        set: feature_set(&view)?,
        view: &view,
        book: &book,
        whole,
    };
    let folder = Folder::create(&flags.out)?;
    let manifest = manifest(&source, &split)?;
    let manifest = match flags.format {
        DatasetFormat::Parquet => parquet(&source, &split, days, &folder, manifest)?,
        DatasetFormat::Hermetik => hermetik(&source, &split, days, &folder, manifest)?,
    };
    folder.finish()?;
    for set in &manifest.sets {
        println!(
            "{:<18} {} to {}, {} rows, {} with labels",
            set.name,
            set.first_day,
            set.last_day,
            group(set.rows),
            group(set.labelled_rows)
        );
    }
    if flags.leak_check {
        println!(
            "leak check         {} rows: the newest input of each lies before its labels, and these before the next set",
            group(manifest.leak_checked_rows)
        );
    }
    println!(
        "{} files in {}",
        manifest.files.len() + 1,
        flags.out.display()
    );
    Ok(())
}

fn parquet(
    source: &Source<'_>,
    split: &Split,
    days: DaySpan,
    folder: &Folder,
    manifest: Manifest,
) -> Result<Manifest, Error> {
    let wanted = Wanted {
        days,
        pools: BTreeSet::new(),
    };
    let facts = vec![
        ("tidegauge.chain_id", manifest.chain_id.to_string()),
        ("tidegauge.store", manifest.store.clone()),
        ("tidegauge.feature_set", manifest.feature_set.clone()),
    ];
    let origin = Origin {
        book: source.book,
        last_whole: source.whole.last(),
        facts,
        newest: &|block| newest_event(source.view, block),
    };
    write(
        folder,
        split,
        watched("dataset", days, rows(source, &wanted, Engine::Stored)?),
        &origin,
        manifest,
    )
}

fn hermetik(
    source: &Source<'_>,
    split: &Split,
    days: DaySpan,
    folder: &Folder,
    manifest: Manifest,
) -> Result<Manifest, Error> {
    let wanted = Wanted {
        days: DaySpan {
            from: days.from.min(source.whole.first),
            to: days.to,
        },
        pools: BTreeSet::new(),
    };
    let rows = rows(source, &wanted, Engine::Stored)?;
    let rows = watched("dataset", wanted.days, rows);
    let lists = &source.set.lists;
    write_hermetik(folder, split, days, rows, source.book, lists, manifest)
}

/// Everything but what the rows will tell.
fn manifest(source: &Source<'_>, split: &Split) -> Result<Manifest, Error> {
    let view = source.view;
    let identity = view.identity()?;
    let tip = view.tip()?.map(|tip| tip.block);
    let all = view
        .start()
        .zip(tip)
        .and_then(|(start, tip)| BlockRange::new(start, tip.number));
    let evidence = all.map(|all| view.weakest_evidence(all)).transpose()?;
    Ok(Manifest {
        program: concat!("tidegauge ", env!("CARGO_PKG_VERSION")),
        format: "parquet",
        chain_id: identity.chain_id.0,
        store: identity.uuid.to_string(),
        feature_set: source
            .set
            .fingerprint(tip.map_or(BlockNumber(0), |tip| tip.number))
            .to_string(),
        tip,
        evidence: evidence.flatten(),
        horizon_days: HORIZON_DAYS,
        embargo_days: split.embargo_days,
        universe: "the pools with a swap on the day of the row, whatever became of them later",
        sets: Vec::new(),
        leak_checked_rows: 0,
        files: Vec::new(),
    })
}

/// Time of the newest block on record at or below a height: nothing newer can be in its rows.
fn newest_event(view: &View<'_>, block: BlockNumber) -> Result<UnixSeconds, Error> {
    let start = view.start().unwrap_or_default();
    let mut back = LOOK_BACK_BLOCKS;
    loop {
        let from = BlockNumber(block.0.saturating_sub(back)).max(start);
        let range = BlockRange::new(from, block);
        if let Some(range) = range
            && let Some(newest) = view.blocks(range)?.last()
        {
            return Ok(newest?.1.timestamp);
        }
        if from <= start {
            return Err(Error::Failed(format!(
                "no block up to {block} is on record: tidegauge doctor --store"
            )));
        }
        back = back.saturating_mul(4);
    }
}
