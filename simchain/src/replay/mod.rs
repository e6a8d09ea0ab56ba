//! Recorded logs, wrapped in honest blocks.

mod fill;
mod read;
mod side;

use crate::SimError;
use crate::chain::SimChain;
use crate::config::cache_key;
use crate::making::{Progress, Summary};
use sha2::{Digest, Sha256};
use std::fs;
use std::path::{Path, PathBuf};

/// Raised whenever the same recording gives other blocks or files.
const FORMAT: u8 = 1;

/// What is replayed, and where the chain made of it is kept.
#[derive(Clone, Debug)]
pub struct ReplayFiles {
    /// JSON-RPC log objects, one a line; gzip if the name ends in `.gz`.
    pub logs: PathBuf,
    /// Chain id, factory, tokens and pools.
    pub pools: PathBuf,
    /// Folder of made chains.
    pub cache_dir: PathBuf,
}

/// Makes chains of recordings.
///
/// Numbers, log indexes, transaction indexes, hashes and timestamps are the
/// recorded ones. Holes are filled: missing transactions by empty ones, missing
/// logs by logs without topics. Some blocks lie before the first recorded one,
/// and so many behind the last that its UTC day ends in finalized blocks.
/// Timestamps between recorded ones are spread evenly; where none is recorded,
/// blocks are 12 s apart, the first at 2023-10-25T00:00:00Z.
pub struct Replay;

impl Replay {
    /// Opens the chain of a recording, after making it if need be. Blocks.
    pub fn load(
        files: &ReplayFiles,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<SimChain, SimError> {
        let side = side::read(&files.pools)?;
        let name = [&[FORMAT][..], &digest(&files.logs)?, &digest(&files.pools)?].concat();
        let folder = files.cache_dir.join(cache_key("replay", &name));
        if let Some(chain) = SimChain::reopen(&folder)? {
            return Ok(chain);
        }
        let recording = read::recording(&files.logs)?;
        let plan = fill::plan(&files.logs, &recording)?;
        let contracts = side.contracts(&recording);
        let summary = Summary {
            chain_id: side.chain_id,
            factory: side.factory,
            first: plan.first.0,
            blocks: plan.timestamps.len() as u64,
            block_time_s: fill::BLOCK_TIME_S,
            swaps: 0,
            logs: 0,
        };
        SimChain::of_drafts(
            &folder,
            summary,
            plan.drafts(recording),
            &contracts,
            progress,
        )
    }
}

fn digest(path: &Path) -> Result<[u8; 32], SimError> {
    let bytes = fs::read(path).map_err(SimError::io("read", path))?;
    Ok(Sha256::digest(bytes).into())
}
