//! `features --rebuild`: everything derived, once more from the raw rows.

use crate::collect;
use crate::config::Config;
use crate::control;
use crate::error::Error;
use crate::progress::{Progress, group};

/// Has the daemon do it, while it goes on collecting, or does it where none holds the store.
///
/// What was in force stays so until the new numbers take its place, all at once.
pub(super) async fn rebuild(config: &Config) -> Result<(), Error> {
    let mut shown: Option<(Progress, u64)> = None;
    let mut show = |done: u64, total: u64| {
        let (progress, before) = shown.get_or_insert_with(|| {
            let progress = Progress::begin("derive anew", "blocks", "reports", total);
            (progress, 0)
        });
        progress.advance(done.saturating_sub(*before), 1);
        *before = done;
    };
    let path = &config.storage.path;
    let done = control::rebuild(path, config.features.user, &mut show).await?;
    if let Some((progress, _)) = shown {
        progress.finish();
    }
    let blocks = match done {
        Some(blocks) => blocks,
        None => rebuild_here(config)?,
    };
    println!("derived {} blocks anew", group(blocks));
    Ok(())
}

fn rebuild_here(config: &Config) -> Result<u64, Error> {
    let stop = collect::stop_signal()?;
    let chain = {
        let reader = super::open_beside(config)?;
        reader.view()?.chain_id()?
    };
    let mut store = collect::open_store(config, chain, true)?;
    if store.rebuild().finished {
        store.begin_rebuild(config.feature_set(chain))?;
    }
    let finished = collect::finish_rebuild(&mut store, || stop.is_cancelled());
    let blocks = store.rebuild().total;
    store.close()?;
    if finished? {
        Ok(blocks)
    } else {
        Err(Error::Failed(
            "stopped: the numbers before stay in force, and the same command goes on from there"
                .to_owned(),
        ))
    }
}
