//! A log page as received, pinned between two headers of the same answer.

use super::headers::read_header;
use crate::{
    error::{ChainError, Result},
    filter::Filter,
    header::BlockHeader,
    logs::{LogRecord, parse_logs},
    rpc::{Call, Method, Replies},
    source::Inner,
};
use tidegauge_model::{BlockRange, Evidence};

/// Headers asked for in one request.
const HEADERS_PER_REQUEST: usize = 50;

/// Headers in one request, within the endpoint's budget.
pub(super) fn headers_per_request(inner: &Inner) -> usize {
    inner
        .rpc
        .batch_of(Method::GetBlock.throughput_cu(), HEADERS_PER_REQUEST)
}

/// A page as received, its seams known.
pub(super) struct Claim {
    pub(super) range: BlockRange,
    pub(super) first: BlockHeader,
    pub(super) last: BlockHeader,
    /// In block order, all wanted.
    pub(super) records: Vec<LogRecord>,
    pub(super) evidence: Evidence,
    pub(super) endpoint: String,
    /// Logs received, unwanted ones included.
    pub(super) received: u64,
}

/// Asks for the page between the headers of its first and last block, in one request:
/// an endpoint that answers all three has seen the whole range.
pub(super) async fn ask(inner: &Inner, range: BlockRange) -> Result<Claim> {
    let mut calls = vec![
        Call::header(range.from),
        Call::logs(range, &inner.filter.request),
    ];
    if range.from != range.to {
        calls.push(Call::header(range.to));
    }
    inner
        .rpc
        .ask(&calls, |replies| read(replies, range, &inner.filter))
        .await
}

fn read(replies: &Replies, range: BlockRange, filter: &Filter) -> Result<Claim> {
    let lying = |what: String| ChainError::Lying {
        endpoint: replies.endpoint.clone(),
        what,
    };
    let first = read_header(replies, 0, range.from, None)?.brief();
    let last = match range.from == range.to {
        true => first,
        false => read_header(replies, 2, range.to, None)?.brief(),
    };
    let mut records = parse_logs(replies.text(1))
        .map_err(|error| lying(format!("the logs of blocks {range} with {error}")))?;
    let received = records.len() as u64;
    let place = |record: &LogRecord| (record.block, record.log_index);
    if !records.is_sorted_by_key(place) {
        records.sort_unstable_by_key(place);
    }
    check(&records, range, filter, &first, &last).map_err(lying)?;
    if !filter.is_remote() {
        records.retain(|record| filter.wants(&record.emitter));
    }
    Ok(Claim {
        range,
        first,
        last,
        records,
        evidence: Evidence::Claimed,
        endpoint: replies.endpoint.clone(),
        received,
    })
}

/// What a page must not hold.
fn check(
    records: &[LogRecord],
    range: BlockRange,
    filter: &Filter,
    first: &BlockHeader,
    last: &BlockHeader,
) -> std::result::Result<(), String> {
    let mut before: Option<&LogRecord> = None;
    for record in records {
        let name = || format!("log {} of block {}", record.log_index, record.block);
        if !range.contains(record.block) {
            return Err(format!("{}, outside blocks {range}", name()));
        }
        if filter.is_remote() && !filter.wants(&record.emitter) {
            return Err(format!(
                "{} of {:#x}, outside the filter",
                name(),
                record.emitter
            ));
        }
        for end in [first, last] {
            if record.block == end.number && record.block_hash != end.hash {
                return Err(format!("{} of another block at that height", name()));
            }
        }
        if let Some(before) = before.filter(|before| before.block == record.block) {
            if before.log_index == record.log_index {
                return Err(format!("{} twice", name()));
            }
            if before.block_hash != record.block_hash || before.tx_index > record.tx_index {
                return Err(format!("{} that contradicts the log before it", name()));
            }
        }
        before = Some(record);
    }
    Ok(())
}
