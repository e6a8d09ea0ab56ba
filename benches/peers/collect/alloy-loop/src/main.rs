//! The straightforward collector: `eth_getLogs` over ranges of blocks, decoded, as rows of CSV.

use alloy::primitives::Address;
use alloy::providers::{Provider, ProviderBuilder, RootProvider};
use alloy::rpc::client::ClientBuilder;
use alloy::rpc::types::{Filter, Log};
use alloy::sol;
use alloy::sol_types::SolEvent;
use alloy::transports::layers::RetryBackoffLayer;
use alloy::transports::{RpcError, TransportErrorKind};
use clap::Parser;
use eyre::{OptionExt, Result};
use futures_util::{StreamExt, stream};
use std::fs::File;
use std::future::Future;
use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::pin::Pin;

sol! {
    event Swap(
        address indexed sender,
        address indexed recipient,
        int256 amount0,
        int256 amount1,
        uint160 sqrtPriceX96,
        uint128 liquidity,
        int24 tick
    );
}

/// How often a request is tried again, first after so many milliseconds.
const RETRIES: u32 = 10;
const BACKOFF_MS: u64 = 500;

#[derive(Parser)]
#[command(about = "Writes the Uniswap V3 swaps of a range of blocks as CSV")]
struct Arguments {
    #[arg(long)]
    rpc: String,
    #[arg(long)]
    from: u64,
    #[arg(long)]
    to: u64,
    #[arg(long)]
    out: PathBuf,
    /// Blocks in one request
    #[arg(long, default_value_t = 56)]
    page_blocks: u64,
    /// Requests in flight; 1: one after the other
    #[arg(long, default_value_t = 1)]
    in_flight: usize,
    /// What the plan of the endpoint allows
    #[arg(long)]
    units_per_second: Option<u64>,
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let client = match arguments.units_per_second {
        Some(units) => ClientBuilder::default()
            .layer(RetryBackoffLayer::new(RETRIES, BACKOFF_MS, units))
            .http(arguments.rpc.parse()?),
        None => ClientBuilder::default().http(arguments.rpc.parse()?),
    };
    let provider: RootProvider = ProviderBuilder::default().connect_client(client);

    let mut out = BufWriter::new(File::create(&arguments.out)?);
    writeln!(
        out,
        "block_number,timestamp,transaction_hash,log_index,pool,sender,recipient,amount0,amount1,sqrt_price_x96,liquidity,tick"
    )?;
    let pages = (arguments.from..=arguments.to)
        .step_by(usize::try_from(arguments.page_blocks)?)
        .map(|from| (from, arguments.to.min(from + arguments.page_blocks - 1)));
    // Each page on a task of its own: several cores decode.
    let mut decoded = stream::iter(pages)
        .map(|(from, to)| tokio::spawn(decoded_page(provider.clone(), from, to)))
        .buffered(arguments.in_flight);
    while let Some(rows) = decoded.next().await {
        out.write_all(&rows??)?;
    }
    Ok(out.flush()?)
}

async fn decoded_page(provider: RootProvider, from: u64, to: u64) -> Result<Vec<u8>> {
    rows(&page(&provider, from, to).await?)
}

type Page<'a> = Pin<Box<dyn Future<Output = Result<Vec<Log>>> + Send + 'a>>;

/// The logs of a range, in halves where the endpoint finds it too large.
fn page(provider: &RootProvider, from: u64, to: u64) -> Page<'_> {
    Box::pin(async move {
        let filter = Filter::new()
            .event_signature(Swap::SIGNATURE_HASH)
            .from_block(from)
            .to_block(to);
        match provider.get_logs(&filter).await {
            Err(error) if from < to && is_too_many(&error) => {
                let middle = from + (to - from) / 2;
                let mut logs = page(provider, from, middle).await?;
                logs.extend(page(provider, middle + 1, to).await?);
                Ok(logs)
            }
            answer => Ok(answer?),
        }
    })
}

fn is_too_many(error: &RpcError<TransportErrorKind>) -> bool {
    error
        .as_error_resp()
        .is_some_and(|error| error.message.contains("query returned more than"))
}

/// The lines of a page.
fn rows(logs: &[Log]) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    for log in logs {
        let pool: Address = log.address();
        let Swap {
            sender,
            recipient,
            amount0,
            amount1,
            sqrtPriceX96,
            liquidity,
            tick,
        } = log.log_decode::<Swap>()?.inner.data;
        writeln!(
            out,
            "{},{},{},{},{pool},{sender},{recipient},{amount0},{amount1},{sqrtPriceX96},{liquidity},{tick}",
            log.block_number.ok_or_eyre("a log without block")?,
            log.block_timestamp.ok_or_eyre("a log without time")?,
            log.transaction_hash
                .ok_or_eyre("a log without transaction")?,
            log.log_index.ok_or_eyre("a log without index")?,
        )?;
    }
    Ok(out)
}
