//! How fast a history is made, and how fast its pages are served.
//!
//! `cargo bench -p tidegauge-simchain --bench generate -- [BLOCKS] [SWAPS_PER_BLOCK] [FOLDER]`
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use serde_json::json;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;
use tidegauge_simchain::{ServeOptions, SimChain, SimConfig, serve};

fn main() {
    let mut args = std::env::args().skip(1).filter(|arg| !arg.starts_with('-'));
    let mut number = |default: u64| args.next().map_or(default, |arg| arg.parse().unwrap());
    let (blocks, swaps_per_block) = (number(4_000), number(50));
    let temporary = tempfile::tempdir().unwrap();
    let folder = args
        .next()
        .map_or(temporary.path().to_owned(), PathBuf::from);
    let config = SimConfig {
        history_blocks: Some(blocks),
        swaps_per_block: swaps_per_block as u32,
        ..SimConfig::default()
    };
    let begun = Instant::now();
    let chain = SimChain::generate_or_open(&config, &folder, &mut |_| ()).unwrap();
    let seconds = begun.elapsed().as_secs_f64();
    println!(
        "made {} swaps, {} logs in {blocks} blocks: {seconds:.2} s, {:.0} swaps/s, peak memory {}",
        chain.swap_count(),
        chain.log_count(),
        chain.swap_count() as f64 / seconds,
        peak_memory()
    );
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(download(Arc::new(chain), blocks));
}

/// Downloads all pages and all receipts once and throws them away.
async fn download(chain: Arc<SimChain>, blocks: u64) {
    let swaps = chain.swap_count() as f64;
    let listen = "127.0.0.1:0".parse().unwrap();
    let handle = serve(
        listen,
        chain,
        ServeOptions::default(),
        std::future::pending(),
    )
    .await
    .unwrap();
    let client = reqwest::Client::new();
    for (what, step) in [("eth_getLogs", 200), ("eth_getBlockReceipts", 20)] {
        let begun = Instant::now();
        let mut bytes = 0;
        for from in (0..=blocks).step_by(step) {
            let to = blocks.min(from + step as u64 - 1);
            let body = if what == "eth_getLogs" {
                json!({"jsonrpc": "2.0", "id": 1, "method": what, "params": [{
                    "fromBlock": format!("{from:#x}"), "toBlock": format!("{to:#x}"),
                    "topics": [[alloy::primitives::keccak256("Swap(address,address,int256,int256,uint160,uint128,int24)")]],
                }]})
            } else {
                (from..=to)
                    .map(|n| json!({"jsonrpc": "2.0", "id": n, "method": what, "params": [format!("{n:#x}")]}))
                    .collect()
            };
            let response = client
                .post(handle.url())
                .body(body.to_string())
                .send()
                .await
                .unwrap();
            bytes += response.bytes().await.unwrap().len();
        }
        let seconds = begun.elapsed().as_secs_f64();
        println!(
            "{what}: {:.1} MB in {seconds:.2} s: {:.0} MB/s, {:.0} swaps/s, peak memory {}",
            bytes as f64 / 1e6,
            bytes as f64 / 1e6 / seconds,
            swaps / seconds,
            peak_memory()
        );
    }
}

/// The process's largest resident size, as Linux tells it.
fn peak_memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.map_or("unknown".into(), |text| text.trim().to_owned())
}
