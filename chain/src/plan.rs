//! The bill before the run: density by samples, then requests, compute units, dollars, hours.

use crate::{
    config::{Limits, Method},
    error::{ChainError, Result},
    logs::parse_logs,
    rpc::{self, Call},
    source::Chain,
};
use tidegauge_model::{BlockNumber, BlockRange};

/// What collecting a range is likely to cost.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Plan {
    /// The range.
    pub range: BlockRange,
    /// Blocks whose logs were sampled, evenly over the range.
    pub sampled_blocks: u64,
    /// Logs of ours in them.
    pub sampled_logs: u64,
    /// Logs of ours in the whole range, if the samples are typical.
    pub expected_logs: u64,
    /// JSON bytes of one block's header and receipts, in the samples.
    pub receipt_bytes_per_block: u64,
    /// One bill for each provider plan and method.
    pub bills: Vec<Bill>,
}

/// The cost of one method on one provider plan.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Bill {
    /// The provider and its plan.
    pub provider: &'static str,
    /// `receipts` or `logs`.
    pub method: &'static str,
    /// JSON-RPC calls.
    pub requests: u64,
    /// Compute units billed.
    pub billed_cu: u64,
    /// Compute units that count against throughput.
    pub throughput_cu: u64,
    /// Dollars.
    pub dollars: f64,
    /// Hours at the plan's full throughput, waiting for the next month's quota included.
    pub hours: f64,
    /// Bytes to download.
    pub download_bytes: u64,
    /// Bytes on disk afterwards, roughly.
    pub disk_bytes: u64,
}

/// A provider's prices and limits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ProviderPlan {
    /// Provider and plan.
    pub name: &'static str,
    /// Compute units a second.
    pub cu_per_second: u64,
    /// Compute units a month for nothing; `None` if every unit is paid.
    pub free_cu_per_month: Option<u64>,
    /// Dollars per million compute units, up to so many millions.
    pub tiers: &'static [(f64, u64)],
    /// Widest `eth_getLogs`, in blocks.
    pub max_log_blocks: u64,
}

/// Prices and limits as published in 2026-09 (alchemy.com/pricing, and its compute
/// unit table, which `rpc::call` holds).
pub const PROVIDERS: [ProviderPlan; 2] = [
    ProviderPlan {
        name: "Alchemy free",
        cu_per_second: 500,
        free_cu_per_month: Some(30_000_000),
        tiers: &[],
        max_log_blocks: 10,
    },
    ProviderPlan {
        name: "Alchemy pay-as-you-go",
        cu_per_second: 10_000,
        free_cu_per_month: None,
        tiers: &[(0.45, 300), (0.40, u64::MAX)],
        max_log_blocks: 2_000,
    },
];

/// Places sampled, and blocks in each: the widest that every plan allows.
const SAMPLES: u64 = 12;
const SAMPLE_BLOCKS: u64 = 10;

/// Places whose receipts are weighed.
const RECEIPT_SAMPLES: u64 = 4;

/// Bytes that a row and a block take in the store, roughly (compressed).
const DISK_BYTES_PER_ROW: u64 = 95;
const DISK_BYTES_PER_BLOCK: u64 = 150;

const HOURS_PER_MONTH: f64 = 730.0;

impl Chain {
    /// Samples the range and prints its bill, for both methods and all known plans.
    ///
    /// # Errors
    /// No usable answer.
    pub async fn plan(&self, range: BlockRange) -> Result<Plan> {
        let sample = self.sample(range).await?;
        let blocks = range.len_blocks();
        let expected_logs = scale(sample.logs, blocks, sample.blocks);
        let bills = PROVIDERS
            .iter()
            .flat_map(|provider| {
                [Method::Logs, Method::Receipts].map(|method| {
                    bill(
                        provider,
                        method,
                        blocks,
                        expected_logs,
                        &sample,
                        &self.inner.limits,
                    )
                })
            })
            .collect();
        Ok(Plan {
            range,
            sampled_blocks: sample.blocks,
            sampled_logs: sample.logs,
            expected_logs,
            receipt_bytes_per_block: sample.receipt_bytes,
            bills,
        })
    }

    async fn sample(&self, range: BlockRange) -> Result<Sample> {
        let inner = &self.inner;
        let mut sample = Sample::default();
        for place in places(range, SAMPLES) {
            let to = BlockNumber(place.0.saturating_add(SAMPLE_BLOCKS - 1).min(range.to.0));
            let range = BlockRange { from: place, to };
            let calls = [Call::logs(range, &inner.filter.request)];
            let (records, bytes) = inner
                .rpc
                .ask(&calls, |replies| {
                    let records =
                        parse_logs(replies.text(0)).map_err(|error| ChainError::Lying {
                            endpoint: replies.endpoint.clone(),
                            what: format!("the logs of blocks {range} with {error}"),
                        })?;
                    Ok((records, replies.len_bytes()))
                })
                .await?;
            sample.blocks += range.len_blocks();
            sample.logs += records.len() as u64;
            sample.log_bytes += bytes as u64;
            let mut blocks: Vec<_> = records.iter().map(|record| record.block).collect();
            blocks.dedup();
            sample.blocks_with_logs += blocks.len() as u64;
            sample.untimed |= records.iter().any(|record| record.timestamp.is_none());
        }
        let mut weighed = 0;
        for place in places(range, RECEIPT_SAMPLES) {
            let calls = [Call::header(place), Call::receipts(place)];
            sample.receipt_bytes += inner
                .rpc
                .ask(&calls, |replies| Ok(replies.len_bytes() as u64))
                .await?;
            weighed += 1;
        }
        sample.receipt_bytes /= weighed.max(1);
        Ok(sample)
    }
}

#[derive(Default)]
struct Sample {
    blocks: u64,
    blocks_with_logs: u64,
    logs: u64,
    log_bytes: u64,
    receipt_bytes: u64,
    /// Whether logs come without `blockTimestamp`, so that headers are needed.
    untimed: bool,
}

/// Heights spread evenly over a range.
fn places(range: BlockRange, count: u64) -> impl Iterator<Item = BlockNumber> {
    let blocks = range.len_blocks();
    let count = count.min(blocks.div_ceil(SAMPLE_BLOCKS)).max(1);
    (0..count).map(move |place| {
        let offset = u128::from(blocks) * u128::from(place) / u128::from(count);
        BlockNumber(range.from.0 + u64::try_from(offset).unwrap_or(0))
    })
}

fn scale(part: u64, whole: u64, of: u64) -> u64 {
    u64::try_from(u128::from(part) * u128::from(whole) / u128::from(of.max(1))).unwrap_or(u64::MAX)
}

fn bill(
    provider: &ProviderPlan,
    method: Method,
    blocks: u64,
    expected_logs: u64,
    sample: &Sample,
    limits: &Limits,
) -> Bill {
    let calls: [(rpc::Method, u64); 3] = match method {
        Method::Receipts => [
            (rpc::Method::GetBlock, blocks),
            (rpc::Method::GetReceipts, blocks),
            (rpc::Method::GetLogs, 0),
        ],
        Method::Logs => {
            let by_density = scale(limits.page_target_logs, blocks, expected_logs.max(1));
            let width = by_density
                .min(provider.max_log_blocks)
                .min(limits.max_page_blocks)
                .max(1);
            let pages = blocks.div_ceil(width);
            // A thin range is confirmed header by header.
            let is_thin = expected_logs * 64 < blocks;
            let confirmed = if is_thin { blocks } else { 0 };
            let timed = match sample.untimed {
                true => scale(sample.blocks_with_logs, blocks, sample.blocks),
                false => 0,
            };
            [
                (rpc::Method::GetLogs, pages),
                (rpc::Method::GetBlock, pages * 2 + confirmed + timed),
                (rpc::Method::GetReceipts, 0),
            ]
        }
    };
    let requests = calls.iter().map(|(_, count)| count).sum();
    let billed_cu = calls
        .iter()
        .map(|(method, count)| u64::from(method.billed_cu()) * count)
        .sum();
    let throughput_cu = calls
        .iter()
        .map(|(method, count)| u64::from(method.throughput_cu()) * count)
        .sum();
    let kept_blocks = match method {
        Method::Receipts => blocks,
        Method::Logs => scale(sample.blocks_with_logs, blocks, sample.blocks),
    };
    Bill {
        provider: provider.name,
        method: match method {
            Method::Receipts => "receipts",
            Method::Logs => "logs",
        },
        requests,
        billed_cu,
        throughput_cu,
        dollars: dollars(provider, billed_cu),
        hours: hours(provider, billed_cu, throughput_cu),
        download_bytes: match method {
            Method::Receipts => sample.receipt_bytes.saturating_mul(blocks),
            Method::Logs => scale(sample.log_bytes, blocks, sample.blocks),
        },
        disk_bytes: expected_logs
            .saturating_mul(DISK_BYTES_PER_ROW)
            .saturating_add(kept_blocks.saturating_mul(DISK_BYTES_PER_BLOCK)),
    }
}

fn dollars(provider: &ProviderPlan, billed_cu: u64) -> f64 {
    let mut left = billed_cu as f64 / 1e6;
    let mut below = 0.0;
    let mut sum = 0.0;
    for (price, up_to) in provider.tiers {
        let room = *up_to as f64 - below;
        let taken = left.min(room);
        sum += taken * price;
        left -= taken;
        below = *up_to as f64;
    }
    sum
}

fn hours(provider: &ProviderPlan, billed_cu: u64, throughput_cu: u64) -> f64 {
    let by_throughput = throughput_cu as f64 / provider.cu_per_second as f64 / 3600.0;
    let by_quota = match provider.free_cu_per_month {
        // The first month's quota is there at once.
        Some(quota) => (billed_cu.saturating_sub(1) / quota) as f64 * HOURS_PER_MONTH,
        None => 0.0,
    };
    by_throughput.max(by_quota)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bills_follow_the_tables() {
        let [free, paid] = PROVIDERS;
        assert_eq!(dollars(&free, 1 << 40), 0.0);
        assert!((dollars(&paid, 100_000_000) - 45.0).abs() < 1e-9);
        assert!((dollars(&paid, 400_000_000) - (135.0 + 40.0)).abs() < 1e-9);
        assert_eq!(hours(&free, 30_000_000, 0), 0.0);
        assert_eq!(hours(&free, 30_000_001, 0), HOURS_PER_MONTH);
        assert!((hours(&paid, 0, 36_000_000) - 1.0).abs() < 1e-9);
        let sample = Sample {
            blocks: 100,
            blocks_with_logs: 100,
            logs: 800,
            log_bytes: 800_000,
            receipt_bytes: 1_000,
            untimed: false,
        };
        let bill =
            |provider, method| bill(provider, method, 7_200, 57_600, &sample, &Limits::default());
        let logs = bill(&free, Method::Logs);
        assert_eq!((logs.requests, logs.billed_cu), (720 * 3, 720 * 100));
        let logs = bill(&paid, Method::Logs);
        assert_eq!(logs.requests, 8 * 3);
        let receipts = bill(&paid, Method::Receipts);
        assert_eq!(receipts.billed_cu, 7_200 * 40);
        assert_eq!(receipts.throughput_cu, 7_200 * 520);
    }

    #[test]
    fn samples_lie_in_the_range() {
        let range = BlockRange::new(BlockNumber(5), BlockNumber(1_004)).unwrap();
        let found: Vec<u64> = places(range, 4).map(|place| place.0).collect();
        assert_eq!(found, [5, 255, 505, 755]);
        let one = BlockRange::one(BlockNumber(9));
        assert_eq!(places(one, 12).count(), 1);
    }
}
