//! From the configuration to a connected chain and an open store.

use crate::config::Config;
use crate::error::Error;
use std::sync::Arc;
use std::time::Duration;
use tidegauge_chain::{Chain, ChainConfig, Factory, Method, PoolBook, PoolSelection};
use tidegauge_features::FeatureSet;
use tidegauge_model::{Address, ChainId};
use tidegauge_storage::{Create, Reader, Store, StoreOptions};

/// Connects to the chain that the configuration names.
///
/// # Errors
/// [`Error::Usage`] for values that do not parse, [`Error::Chain`] if the endpoint is not what it should be.
pub(crate) async fn connect(config: &Config, pools: &[String]) -> Result<Chain, Error> {
    Ok(Chain::connect(chain_config(config, pools)?).await?)
}

fn chain_config(config: &Config, pools: &[String]) -> Result<ChainConfig, Error> {
    let urls = config
        .chain
        .rpc_urls
        .iter()
        .map(|endpoint| endpoint.value.clone())
        .collect();
    let mut chain = ChainConfig::new(urls);
    chain.chain_id = config.chain.id.map(ChainId);
    chain.factories = config
        .chain
        .factories
        .iter()
        .map(|text| factory(text))
        .collect::<Result<_, _>>()?;
    let pools = if pools.is_empty() {
        &config.chain.pools
    } else {
        pools
    };
    if !pools.is_empty() {
        chain.pools = PoolSelection::List(
            pools
                .iter()
                .map(|text| address("pool", text))
                .collect::<Result<_, _>>()?,
        );
    }
    chain.finality = config.chain.finality.0;
    chain.compute_units_per_second = config.chain.compute_units_per_second;
    chain.max_in_flight = config.chain.max_in_flight;
    chain.confirm_depth = config.reorg.confirm_depth;
    let sockets = &config.chain.ws_urls;
    chain.socket_urls = match config.chain.websocket {
        false => Some(Vec::new()),
        true if sockets.is_empty() => None,
        true => Some(sockets.iter().map(|socket| socket.value.clone()).collect()),
    };
    chain.limits.request_timeout = Duration::from_secs(config.chain.request_timeout_s);
    chain.limits.max_body_bytes = config.chain.max_body_mib << 20;
    Ok(chain)
}

/// How this configuration fetches.
pub(crate) fn method(config: &Config) -> Method {
    config
        .chain
        .method
        .0
        .unwrap_or_else(|| Method::of_users(config.features.user))
}

/// Opens the store for writing, making it where the folder is empty.
///
/// One whose numbers were computed by other definitions is refused, or with `rebuild` opened to
/// have them computed anew.
pub(crate) fn open_store(config: &Config, chain: ChainId, rebuild: bool) -> Result<Store, Error> {
    open(config, chain, config.feature_set(chain), rebuild)
}

/// Opens a store in which nothing will be computed, whatever its numbers were computed by.
pub(crate) fn open_as_it_is(
    config: &Config,
    chain: ChainId,
    set: Option<FeatureSet>,
) -> Result<Store, Error> {
    let set = set.unwrap_or_else(|| config.feature_set(chain));
    open(config, chain, set, false)
}

fn open(
    config: &Config,
    chain: ChainId,
    features: FeatureSet,
    rebuild: bool,
) -> Result<Store, Error> {
    let mut options = StoreOptions::new(chain);
    options.create = Create::IfEmpty;
    options.features = features;
    options.rebuild = rebuild;
    options.memory_mib = config.storage.memory_mib;
    options.least_free_bytes = config.storage.min_free_mib << 20;
    Ok(Store::open(&config.storage.path, &options)?)
}

/// What the store knows of pools, for the fetching side.
pub(crate) fn pool_book(reader: &Reader) -> Result<Arc<PoolBook>, Error> {
    let view = reader.view()?;
    let verdicts: Vec<_> = view.pools()?.collect::<Result<_, _>>()?;
    let tokens: Vec<_> = view.tokens()?.collect::<Result<_, _>>()?;
    Ok(Arc::new(PoolBook::new(verdicts, tokens)))
}

/// Reads an address.
pub(crate) fn address(what: &str, text: &str) -> Result<Address, Error> {
    text.trim().parse().map_err(|_| {
        Error::Usage(format!(
            "`{text}` is no {what} address: write 0x and 40 hex digits"
        ))
    })
}

/// Reads `ADDRESS:INIT_CODE_HASH`.
fn factory(text: &str) -> Result<Factory, Error> {
    let malformed = || {
        Error::Usage(format!(
            "`chain.factories`: `{text}`: write ADDRESS:INIT_CODE_HASH, both 0x hex"
        ))
    };
    let (at, hash) = text.split_once(':').ok_or_else(malformed)?;
    Ok(Factory {
        address: at.trim().parse().map_err(|_| malformed())?,
        init_code_hash: hash.trim().parse().map_err(|_| malformed())?,
    })
}
