//! From what a person wrote to block numbers.

use crate::cli::Range;
use crate::config::Start;
use crate::error::Error;
use crate::span::{self, Moment};
use tidegauge_chain::Chain;
use tidegauge_model::{BlockNumber, BlockRange, UnixSeconds};

/// The range that the flags name, cut at the chain's head; open ends mean the finalized block.
///
/// # Errors
/// [`Error::Usage`] for a range that is malformed, empty or in the future.
pub(crate) async fn resolve(chain: &Chain, range: &Range) -> Result<BlockRange, Error> {
    let head = chain.head().await?;
    let (from, to) = match (&range.from, &range.to, &range.last) {
        (None, _, None) => {
            return Err(Error::Usage(
                "which range? --from BLOCK|DAY [--to BLOCK|DAY], or --last 30d".to_owned(),
            ));
        }
        (_, _, Some(age)) => {
            let seconds = span::age(age).ok_or_else(|| {
                Error::Usage(format!("--last `{age}`: write 90m, 12h, 30d or 4w"))
            })?;
            (Moment::SecondsAgo(seconds), None)
        }
        (Some(from), to, None) => (
            read("--from", from)?,
            to.as_ref().map(|to| read("--to", to)).transpose()?,
        ),
    };
    let beyond = |what: &str| {
        Error::Usage(format!(
            "{what} lies beyond the chain's head, block {} of {}",
            head.number,
            utc(head.timestamp)
        ))
    };
    let from_block = begin(chain, from, head.timestamp)
        .await?
        .filter(|b| *b <= head.number)
        .ok_or_else(|| beyond("the range"))?;
    let to_block = match to {
        None => chain.finalized().await?.unwrap_or(head.number),
        Some(Moment::Block(block)) if block > head.number => {
            return Err(beyond(&format!("--to {block}")));
        }
        Some(Moment::Block(block)) => block,
        Some(Moment::Day(day)) => match chain.first_block_at(day.end()).await? {
            Some(next) => next.prev().unwrap_or(next),
            None => chain.finalized().await?.unwrap_or(head.number),
        },
        Some(Moment::SecondsAgo(_)) => {
            return Err(Error::Usage(
                "--to takes a block or a day; --last takes an age".to_owned(),
            ));
        }
    };
    BlockRange::new(from_block, to_block).ok_or_else(|| {
        Error::Usage(format!(
            "the range is empty: it would begin at block {from_block} and end at block {to_block}"
        ))
    })
}

/// The block at which a new store begins.
///
/// # Errors
/// [`Error::Usage`] if the start lies beyond the head or the factory's deployment is not known.
pub(crate) async fn start_block(chain: &Chain, start: &Start) -> Result<BlockNumber, Error> {
    let head = chain.head().await?;
    match start {
        Start::Factory => chain
            .start_block()
            .ok_or_else(|| Error::Usage(format!("chain.start = \"factory\": the deployment block of chain {} is not known; give a block number", chain.id()))),
        Start::At(moment) => begin(chain, *moment, head.timestamp)
            .await?
            .filter(|b| *b <= head.number)
            .ok_or_else(|| Error::Usage(format!("chain.start = {start} lies beyond the chain's head, block {} of {}", head.number, utc(head.timestamp)))),
    }
}

fn read(flag: &str, text: &str) -> Result<Moment, Error> {
    span::moment(text).ok_or_else(|| {
        Error::Usage(format!(
            "{flag} `{text}`: write a block number or a day (2024-01-05)"
        ))
    })
}

/// First block of a moment; `None` if it lies beyond the head.
async fn begin(
    chain: &Chain,
    moment: Moment,
    head_time: UnixSeconds,
) -> Result<Option<BlockNumber>, Error> {
    Ok(match moment {
        Moment::Block(block) => Some(block),
        Moment::Day(day) => chain.first_block_at(day.start()).await?,
        Moment::SecondsAgo(seconds) => {
            chain
                .first_block_at(UnixSeconds(head_time.0.saturating_sub(seconds)))
                .await?
        }
    })
}

/// A moment for people.
pub(crate) fn utc(at: UnixSeconds) -> String {
    i64::try_from(at.0)
        .ok()
        .and_then(|s| jiff::Timestamp::from_second(s).ok())
        .map_or_else(
            || format!("second {at}"),
            |t| t.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
        )
}
