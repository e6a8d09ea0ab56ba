//! Blocks by header and receipts, proven complete.

use super::{
    assemble::{Assembler, Frame, unknown_in},
    headers::{disproved, read_header},
    page::Page,
    piecewise::{Gathered, Question, gather},
};
use crate::{
    decode::{EventKind, decode},
    error::{ChainError, Result},
    evidence::check_receipts,
    filter::Filter,
    header::VerifiedHeader,
    logs::LogRecord,
    pools::PoolBook,
    receipts::{BlockReceipts, parse_receipts},
    rpc::{Call, Method, Replies},
    source::Inner,
};
use alloy::primitives::B256;
use tidegauge_model::{BlockNumber, BlockRange, Evidence, LogIndex, TxIndex};

/// A proven block with its logs of ours.
pub(crate) struct ProvenBlock {
    pub(crate) header: VerifiedHeader,
    pub(crate) records: Vec<LogRecord>,
}

/// Blocks in one request, within the endpoint's budget.
pub(crate) fn blocks_per_request(inner: &Inner, most: usize) -> usize {
    let units = Method::GetBlock.throughput_cu() + Method::GetReceipts.throughput_cu();
    inner.rpc.batch_of(units, most)
}

/// A page of consecutive blocks by receipts.
pub(crate) async fn receipt_page(
    inner: &Inner,
    book: &PoolBook,
    range: BlockRange,
) -> Result<Page> {
    let numbers: Vec<BlockNumber> = range.iter().collect();
    let Gathered {
        blocks,
        bytes,
        endpoint,
    } = proven_blocks(inner, &numbers, true, None).await?;
    let mut page = blocks_page(inner, book, blocks, &endpoint).await?;
    page.weight = bytes as u64;
    Ok(page)
}

/// Header and receipts of these blocks; consecutive ones must link. Where an endpoint's word is
/// in doubt, another one is asked, if there is one.
pub(crate) async fn proven_blocks(
    inner: &Inner,
    numbers: &[BlockNumber],
    are_consecutive: bool,
    in_doubt: Option<&str>,
) -> Result<Gathered<ProvenBlock>> {
    let question = Question {
        calls: |number| [Call::header(number), Call::receipts(number)],
        read: |replies: &Replies, at, number| {
            read_block(replies, at, at + 1, number, None, &inner.filter)
        },
    };
    let gathered = gather(inner, numbers, in_doubt, question).await?;
    if are_consecutive {
        check_links(&gathered.blocks)?;
    }
    Ok(gathered)
}

/// Consecutive blocks are of one branch.
fn check_links(blocks: &[ProvenBlock]) -> Result<()> {
    for (before, after) in blocks.iter().zip(blocks.iter().skip(1)) {
        let found = after.header.inner.parent_hash;
        if found != before.header.hash {
            return Err(ChainError::Seam {
                at: after.header.brief().number,
                expected: before.header.hash,
                found,
            });
        }
    }
    Ok(())
}

/// Reads and proves one block out of a request's answers.
pub(crate) fn read_block(
    replies: &Replies,
    header_at: usize,
    receipts_at: usize,
    number: BlockNumber,
    before: Option<B256>,
    filter: &Filter,
) -> Result<ProvenBlock> {
    let header = read_header(replies, header_at, number, before)?;
    if replies.is_null(receipts_at) {
        return Err(ChainError::NoBlock {
            endpoint: replies.endpoint.clone(),
            block: number,
        });
    }
    let receipts =
        parse_receipts(replies.text(receipts_at)).map_err(|problem| ChainError::Lying {
            endpoint: replies.endpoint.clone(),
            what: format!("receipts of block {number} with {problem}"),
        })?;
    check_receipts(&header, &receipts).map_err(|source| disproved(replies, source))?;
    let records = records_of(&header, &receipts, filter);
    Ok(ProvenBlock { header, records })
}

/// The logs of ours among a block's receipts.
fn records_of(
    header: &VerifiedHeader,
    receipts: &BlockReceipts,
    filter: &Filter,
) -> Vec<LogRecord> {
    let brief = header.brief();
    let mut records = Vec::new();
    for (tx_index, receipt) in (0..).zip(&receipts.receipts) {
        let first = receipt.first_log_index.unwrap_or(0);
        for (log_index, log) in (first..).zip(&receipt.inner.receipt.logs) {
            let topics = log.data.topics();
            let Some(kind) = topics.first().and_then(EventKind::of_topic) else {
                continue;
            };
            if !filter.wants(&log.address) {
                continue;
            }
            let mut words = [[0; 32]; 4];
            for (word, topic) in words.iter_mut().zip(topics) {
                *word = topic.0;
            }
            records.push(LogRecord {
                block: brief.number,
                block_hash: brief.hash,
                log_index: LogIndex(log_index),
                tx_hash: receipt.tx_hash,
                tx_index: TxIndex(tx_index),
                timestamp: Some(brief.timestamp),
                emitter: log.address,
                kind,
                origin: receipt.from,
                event: decode(
                    kind,
                    words.get(..topics.len()).unwrap_or_default(),
                    &log.data.data,
                ),
            });
        }
    }
    records
}

/// Consecutive proven blocks as a page; every block is kept.
pub(crate) async fn blocks_page(
    inner: &Inner,
    book: &PoolBook,
    blocks: Vec<ProvenBlock>,
    endpoint: &str,
) -> Result<Page> {
    let unknown = unknown_in(
        blocks.iter().flat_map(|block| &block.records),
        &inner.filter,
        book,
    );
    inner.resolver.resolve(&inner.rpc, book, &unknown).await?;
    let (Some(first), Some(last)) = (blocks.first(), blocks.last()) else {
        return Err(ChainError::Lying {
            endpoint: endpoint.to_owned(),
            what: "no block at all".to_owned(),
        });
    };
    let range = BlockRange {
        from: first.header.brief().number,
        to: last.header.brief().number,
    };
    let (parent, end_hash) = (first.header.inner.parent_hash, last.header.hash);
    let mut assembler = Assembler::new(&inner.filter, book, endpoint);
    let blocks = blocks
        .into_iter()
        .map(|block| {
            let brief = block.header.brief();
            let frame = Frame {
                number: brief.number,
                hash: brief.hash,
                parent: Some(brief.parent),
                timestamp: brief.timestamp,
            };
            assembler.block(frame, block.records.into_iter())
        })
        .collect::<Result<Vec<_>>>()?;
    Ok(Page::new(
        range,
        Evidence::Receipts,
        [parent, end_hash],
        blocks,
        assembler.met,
        assembler.tally,
    ))
}
