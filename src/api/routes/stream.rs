//! `GET /api/stream`: new blocks and changed features, as server-sent events.

pub(in crate::api) use super::features::FeaturesNow;

use super::features::of_pool;
use crate::api::ask;
use crate::api::context::Context;
use crate::api::refusal::Refusal;
use crate::api::reply;
use crate::api::snapshot::Snapshot;
use futures_util::Stream;
use futures_util::stream;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, VecDeque};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tidegauge_model::{BlockRange, BlockRef, PoolId};
use tidegauge_storage::{Notice, NoticeKind, Sequence};
use tokio::sync::{OwnedSemaphorePermit, watch};
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::http::HeaderMap;
use warp::reply::{Reply, Response};
use warp::sse::Event;

/// Pools whose features one stream may carry.
const MAX_POOLS: usize = 20;
/// Steps told one by one; who missed more is told to begin anew.
const MAX_STEPS: usize = 256;
/// Pools named with a step.
const MAX_CHANGED: usize = 1_000;
/// Looked at all the same after this long.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// What a stream carries.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Wanted {
    /// Addresses of pools, comma-separated, at most 20: after each step that changed one of them
    /// an event `features` follows, as /api/features/POOL answers.
    pools: Option<String>,
}

/// Event `step`: what was done to the store. Its id goes on where a stream broke off.
#[derive(Serialize, JsonSchema)]
pub(in crate::api) struct StepEvent {
    /// committed: blocks were added; unwound: the chain left them; repaired: their rows were
    /// replaced.
    kind: &'static str,
    blocks: BlockRange,
    /// The tip afterwards.
    as_of: BlockRef,
    /// Swaps of the blocks that were added.
    swaps: u64,
    /// Pools with events in the blocks that were added, at most 1000 of them.
    pools: Vec<PoolId>,
}

/// Event `reset`: more happened than can be told; ask anew for what you hold.
#[derive(Serialize, JsonSchema)]
pub(in crate::api) struct ResetEvent {
    /// The tip.
    as_of: Option<BlockRef>,
}

/// The stream.
pub(super) fn stream(context: &Arc<Context>) -> BoxedFilter<(Response,)> {
    let context = context.clone();
    let query = warp::query::raw().or(warp::any().map(String::new)).unify();
    warp::path!("api" / "stream")
        .and(query)
        .and(warp::header::headers_cloned())
        .map(move |query: String, headers: HeaderMap| {
            open(&context, query, headers).unwrap_or_else(|refusal| reply::refused(&refusal))
        })
        .boxed()
}

fn open(context: &Arc<Context>, query: String, headers: HeaderMap) -> Result<Response, Refusal> {
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok());
    let last = last.and_then(|id| id.parse().ok()).map(Sequence);
    let asked = ask::Asked {
        route: "/api/stream",
        parts: Vec::new(),
        query,
        headers,
    };
    let wanted: Wanted = asked.read_query()?;
    let pools = pools(wanted.pools.as_deref())?;
    let Ok(room) = context.streams.clone().try_acquire_owned() else {
        return Err(Refusal::busy());
    };
    let listener = Listener {
        steps: context.sources.live.steps(),
        context: context.clone(),
        pools,
        seen: last,
        ready: VecDeque::new(),
        _room: room,
    };
    let events = warp::sse::keep_alive().stream(events(listener));
    Ok(warp::sse::reply(events).into_response())
}

fn pools(text: Option<&str>) -> Result<BTreeSet<PoolId>, Refusal> {
    let listed = text.into_iter().flat_map(|text| text.split(','));
    let pools: BTreeSet<PoolId> = listed.map(ask::pool).collect::<Result<_, _>>()?;
    if pools.len() > MAX_POOLS {
        return Err(Refusal::bad(
            "many_pools",
            format!("pools: these are {}", pools.len()),
            format!("ask for at most {MAX_POOLS}, or open another stream"),
        ));
    }
    Ok(pools)
}

/// One who listens.
struct Listener {
    context: Arc<Context>,
    steps: watch::Receiver<u64>,
    pools: BTreeSet<PoolId>,
    /// The last step that was told; `None` before the first look.
    seen: Option<Sequence>,
    ready: VecDeque<Event>,
    _room: OwnedSemaphorePermit,
}

fn events(listener: Listener) -> impl Stream<Item = Result<Event, Infallible>> + Send {
    stream::unfold(listener, |mut listener| async move {
        loop {
            if let Some(event) = listener.ready.pop_front() {
                return Some((Ok(event), listener));
            }
            listener.steps.mark_unchanged();
            let (context, pools, seen) = (
                listener.context.clone(),
                listener.pools.clone(),
                listener.seen,
            );
            let look = tokio::task::spawn_blocking(move || look(&context, &pools, seen));
            // A store that cannot be read ends the stream; the client comes again.
            let (seen, ready) = look.await.ok()?.ok()?;
            listener.seen = Some(seen);
            listener.ready = ready;
            if listener.ready.is_empty() {
                let changed = listener.steps.changed();
                let _ = tokio::time::timeout(LOOK_EVERY, changed).await;
            }
        }
    })
}

/// What happened since a step.
fn look(
    context: &Context,
    pools: &BTreeSet<PoolId>,
    seen: Option<Sequence>,
) -> Result<(Sequence, VecDeque<Event>), Refusal> {
    let snapshot = Snapshot::take(context)?;
    let view = &snapshot.view;
    let last = view.last_notice();
    let mut events = VecDeque::new();
    let Some(seen) = seen else {
        return Ok((last, events));
    };
    if seen == last {
        return Ok((last, events));
    }
    let notices = view.notices(seen.next(), MAX_STEPS)?;
    let is_whole = seen < last
        && notices
            .first()
            .is_some_and(|first| first.sequence == seen.next())
        && notices.last().is_some_and(|notice| notice.sequence == last);
    if !is_whole {
        let as_of = view.tip()?.map(|tip| tip.block);
        events.extend(event("reset", last, &ResetEvent { as_of }));
        return Ok((last, events));
    }
    let mut changed = BTreeSet::new();
    for notice in &notices {
        let step = describe(&snapshot, notice)?;
        match notice.kind {
            NoticeKind::Committed => changed.extend(step.pools.iter().copied()),
            // Anything may be different now.
            NoticeKind::Unwound | NoticeKind::Repaired => changed.extend(pools.iter().copied()),
        }
        events.extend(event("step", notice.sequence, &step));
    }
    for pool in pools.intersection(&changed) {
        let now: FeaturesNow = match of_pool(&snapshot, *pool) {
            Ok(now) => now.aged(),
            Err(refusal) if refusal.status == warp::http::StatusCode::NOT_FOUND => continue,
            Err(refusal) => return Err(refusal),
        };
        events.extend(event("features", last, &now));
    }
    Ok((last, events))
}

fn event(name: &str, id: Sequence, data: &impl Serialize) -> Option<Event> {
    let event = Event::default().event(name).id(id.to_string());
    event.json_data(data).ok()
}

fn describe(snapshot: &Snapshot<'_>, notice: &Notice) -> Result<StepEvent, Refusal> {
    let mut step = StepEvent {
        kind: match notice.kind {
            NoticeKind::Committed => "committed",
            NoticeKind::Unwound => "unwound",
            NoticeKind::Repaired => "repaired",
        },
        blocks: notice.range,
        as_of: notice.tip,
        swaps: 0,
        pools: Vec::new(),
    };
    if notice.kind != NoticeKind::Committed {
        return Ok(step);
    }
    let mut pools = BTreeSet::new();
    for block in snapshot.view.blocks(notice.range)? {
        let (_, record) = block?;
        for activity in &record.pools {
            step.swaps += u64::from(activity.swaps);
            if pools.len() < MAX_CHANGED {
                pools.insert(activity.pool);
            }
        }
    }
    step.pools = pools.into_iter().collect();
    Ok(step)
}
