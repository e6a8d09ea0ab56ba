//! `verify`: raise the evidence of stored ranges, repair what is wrong, print a certificate.

use crate::certificate::{Certificate, Findings};
use crate::cli::{Level, Verify};
use crate::collect::{self, Committer, Heard, Live, Verification, VerifyOrder};
use crate::config::Config;
use crate::control;
use crate::error::Error;
use crate::progress::Progress;
use std::sync::Arc;
use tidegauge_model::{BlockNumber, BlockRange, Evidence};

/// Verifies here, or has the daemon do it that holds the store.
pub(super) async fn verify(config: Config, flags: Verify) -> Result<(), Error> {
    let order = VerifyOrder {
        from: flags.from.map(BlockNumber),
        to: flags.to.map(BlockNumber),
        level: match flags.level {
            Level::Bloom => Evidence::Bloom,
            Level::Receipts => Evidence::Receipts,
        },
        again: flags.again,
    };
    let mut shown = Shown::default();
    let mut show = |heard: Heard| shown.advance(heard);
    let done = match control::verify(&config.storage.path, order, &mut show).await? {
        Some(done) => done,
        None => verify_here(&config, order, &mut show).await?,
    };
    shown.finish();
    print(&config, done, flags.json)
}

async fn verify_here(
    config: &Config,
    order: VerifyOrder,
    show: &mut (dyn FnMut(Heard) + Send),
) -> Result<(BlockRange, Findings), Error> {
    super::require_endpoint(config)?;
    let stop = collect::stop_signal()?;
    let chain = collect::connect(config, &[]).await?;
    let store = collect::open_store(config, chain.id(), false)?;
    let reader = store.reader();
    let wanted = Verification::of(&reader.view()?, order)?;
    let live = Arc::new(Live::default());
    let committer = Committer::start(store, live.clone())?;
    let found = collect::verify(&chain, &committer, &reader, wanted, &live, &stop, show).await;
    let mut store = committer.finish()?;
    // A repair may leave all that is derived to be computed anew.
    let derived = collect::finish_rebuild(&mut store, || found.is_err() || stop.is_cancelled());
    store.close()?;
    let found = found?;
    derived?;
    if stop.is_cancelled() {
        return Err(Error::Failed(
            "stopped: what was verified is kept, and the same command goes on from there"
                .to_owned(),
        ));
    }
    Ok((wanted.range, found))
}

fn print(config: &Config, done: (BlockRange, Findings), json: bool) -> Result<(), Error> {
    let (range, found) = done;
    let reader = super::open_beside(config)?;
    let certificate = Certificate::of(&reader.view()?, range, found)?;
    if json {
        super::print_json(&certificate)
    } else {
        print!("{}", certificate.screen());
        Ok(())
    }
}

/// A bar that begins with the first news.
#[derive(Default)]
struct Shown {
    progress: Option<Progress>,
    last: Findings,
}

impl Shown {
    fn advance(&mut self, heard: Heard) {
        let Heard {
            total_blocks,
            findings,
        } = heard;
        let progress = self.progress.get_or_insert_with(|| {
            Progress::begin("verify", "blocks", "rows put right", total_blocks)
        });
        progress.advance(
            findings.blocks - self.last.blocks,
            findings.errors() - self.last.errors(),
        );
        self.last = findings;
    }

    fn finish(self) {
        if let Some(progress) = self.progress {
            progress.finish();
        }
    }
}
