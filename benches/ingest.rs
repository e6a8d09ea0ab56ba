//! Decode and commit: log pages that are already in memory become durable rows.
//!
//! The pages come from a simulated chain over HTTP, once, before the clock starts.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use std::sync::Arc;
use tidegauge_chain::abi::TOPICS;
use tidegauge_chain::decode::Event;
use tidegauge_chain::logs::parse_logs;
use tidegauge_model::{
    B256, BlockData, BlockNumber, BlockRange, ChainId, Coverage, Evidence, Extend, PoolId,
    PoolVerdict, Step, Swap, Tally, UnixSeconds,
};
use tidegauge_simchain::{Limits, ServeOptions, SimChain, SimConfig, serve};
use tidegauge_storage::{Store, StoreOptions};

/// Blocks of one page; at 50 swaps a block about 10,000 swaps.
const PAGE_BLOCKS: u64 = 200;
/// Pages committed in a row.
const PAGES: u64 = 20;

/// Pages with the truth about pools and tokens.
struct Input {
    pages: Vec<(BlockRange, String, B256)>,
    verdicts: Vec<PoolVerdict>,
    tokens: Vec<tidegauge_model::Token>,
    swaps: u64,
}

fn input() -> Input {
    let cache = tempfile::tempdir().unwrap();
    let config = SimConfig {
        swaps_per_block: 50,
        history_blocks: Some(PAGE_BLOCKS * PAGES),
        ..SimConfig::default()
    };
    let chain = Arc::new(SimChain::generate_or_open(&config, cache.path(), &mut |_| {}).unwrap());
    let truth = chain.expected();
    let verdicts = truth
        .pools()
        .into_iter()
        .filter(|pool| truth.accepts(pool.id))
        .map(|pool| {
            PoolVerdict::Accepted(tidegauge_model::Pool {
                id: pool.id,
                factory: pool.factory,
                token0: pool.token0,
                token1: pool.token1,
                fee_pips: pool.fee_pips,
                tick_spacing: pool.tick_spacing,
                origin: tidegauge_model::PoolOrigin::Create2,
            })
        })
        .collect();
    let tokens = truth.tokens();
    let pages = tokio::runtime::Runtime::new()
        .unwrap()
        .block_on(download(chain.clone()));
    let whole = BlockRange::new(BlockNumber(0), BlockNumber(PAGE_BLOCKS * PAGES - 1)).unwrap();
    let truth = chain.expected();
    let swaps = truth.swaps(whole).map(Result::unwrap);
    let swaps = swaps.filter(|swap| truth.accepts(swap.pool)).count() as u64;
    Input {
        pages,
        verdicts,
        tokens,
        swaps,
    }
}

async fn download(chain: Arc<SimChain>) -> Vec<(BlockRange, String, B256)> {
    let options = ServeOptions {
        hostility: None,
        live_interval: None,
        limits: Limits::default(),
    };
    let listen = "127.0.0.1:0".parse().unwrap();
    let server = serve(listen, chain.clone(), options, std::future::pending())
        .await
        .unwrap();
    let client = reqwest::Client::new();
    let mut pages = Vec::new();
    for page in 0..PAGES {
        let (from, to) = (page * PAGE_BLOCKS, (page + 1) * PAGE_BLOCKS - 1);
        let topic = format!("{:#x}", TOPICS[0]);
        let request = serde_json::json!({"jsonrpc": "2.0", "id": 1, "method": "eth_getLogs", "params": [
            {"fromBlock": format!("{from:#x}"), "toBlock": format!("{to:#x}"), "topics": [[topic]]}]});
        let answer = client
            .post(server.url())
            .header("content-type", "application/json")
            .body(request.to_string())
            .send()
            .await
            .unwrap()
            .text()
            .await
            .unwrap();
        let at = answer.find("\"result\":").unwrap() + "\"result\":".len();
        let result = answer[at..].trim_end().trim_end_matches('}').to_owned();
        let range = BlockRange::new(BlockNumber(from), BlockNumber(to)).unwrap();
        let end = chain.expected().header(range.to).unwrap().block.hash;
        pages.push((range, result, end));
    }
    pages
}

/// One page as the store takes it.
fn extend(input: &Input, page: usize, parent: B256) -> Extend {
    let (range, text, end_hash) = &input.pages[page];
    let accepted = |pool: PoolId| input.verdicts.iter().any(|verdict| verdict.id() == pool);
    let mut blocks: Vec<BlockData> = Vec::new();
    let mut total = Tally::default();
    for record in parse_logs(text).unwrap() {
        if blocks
            .last()
            .is_none_or(|block| block.number != record.block)
        {
            blocks.push(BlockData {
                number: record.block,
                hash: record.block_hash,
                parent: None,
                timestamp: record.timestamp.unwrap_or(UnixSeconds(0)),
                swaps: Vec::new(),
                liquidity: Vec::new(),
                tally: Tally::default(),
            });
        }
        let block = blocks.last_mut().unwrap();
        block.tally.received += 1;
        total.received += 1;
        let pool = PoolId(record.emitter);
        let Ok(Event::Swap(fields)) = record.event else {
            panic!("a swap")
        };
        if !accepted(pool) {
            block.tally.refused += 1;
            total.refused += 1;
            continue;
        }
        block.tally.decoded += 1;
        total.decoded += 1;
        block.swaps.push(Swap {
            pool,
            block: record.block,
            log_index: record.log_index,
            tx_hash: record.tx_hash,
            tx_index: record.tx_index,
            timestamp: block.timestamp,
            sender: fields.sender,
            recipient: fields.recipient,
            origin: None,
            amount0: fields.amount0,
            amount1: fields.amount1,
            sqrt_price: fields.sqrt_price,
            liquidity: fields.liquidity,
            tick: fields.tick,
        });
    }
    let first = page == 0;
    Extend {
        covered: Coverage {
            range: *range,
            evidence: Evidence::Claimed,
            parent,
            end_hash: *end_hash,
            tally: total,
        },
        blocks,
        verdicts: if first {
            input.verdicts.clone()
        } else {
            Vec::new()
        },
        tokens: if first {
            input.tokens.clone()
        } else {
            Vec::new()
        },
        finalized: Some(BlockNumber(u64::MAX)),
        disputes: Vec::new(),
        time_before: None,
        time_after: None,
    }
}

/// An empty store; making and dropping it is not measured.
fn fresh() -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let options = StoreOptions::new(ChainId(tidegauge_simchain::CHAIN_ID));
    let store = Store::open(folder.path(), &options).unwrap();
    (folder, store)
}

fn ingest(c: &mut Criterion) {
    let input = input();
    let mut group = c.benchmark_group("ingest");
    group.sample_size(10);
    group.throughput(Throughput::Elements(input.swaps));
    group.bench_function("decode", |b| {
        b.iter(|| {
            for page in 0..input.pages.len() {
                black_box(extend(&input, page, B256::ZERO));
            }
        });
    });
    group.bench_function("decode and commit, one thread", |b| {
        b.iter_batched(
            fresh,
            |(folder, mut store)| {
                let mut parent = B256::ZERO;
                for page in 0..input.pages.len() {
                    let step = extend(&input, page, parent);
                    parent = step.covered.end_hash;
                    store.apply(&Step::Extend(step)).unwrap();
                }
                (folder, store)
            },
            BatchSize::PerIteration,
        );
    });
    group.bench_function("decode and commit, as the pipeline does", |b| {
        b.iter_batched(
            fresh,
            |(folder, mut store)| {
                std::thread::scope(|scope| {
                    let (send, steps) = crossbeam_channel::bounded(4);
                    let input = &input;
                    scope.spawn(move || {
                        let mut parent = B256::ZERO;
                        for page in 0..input.pages.len() {
                            let step = extend(input, page, parent);
                            parent = step.covered.end_hash;
                            send.send(Step::Extend(step)).unwrap();
                        }
                    });
                    for step in steps {
                        store.apply(&step).unwrap();
                    }
                });
                (folder, store)
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

criterion_group!(benches, ingest);
criterion_main!(benches);
