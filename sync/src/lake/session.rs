//! Work on one lake, look after look: what is published is compared with the store, and what is
//! due is made, uploaded and published.
//!
//! All that a session knows is in the manifest, and whoever drops one in the middle loses nothing:
//! the next reads what was published.

use super::days::Days;
use super::doubt::Doubt;
use super::doubts::Doubts;
use super::file::Made;
use super::hot::{Before, make_hot};
use super::look::{Known, Look};
use super::manifest::LakeObject;
use super::means::Means;
use super::options::{LakePhase, LakeStatus};
use super::published::{Draft, Published, Trust};
use super::recheck::{Comparable, Compared, comparable, compare, make_settled};
use super::store_view::look_at;
use super::table::LakeTable;
use super::upload::MAX_AT_ONCE;
use crate::error::SyncError;
use std::time::Duration;
use tidegauge_model::{BlockRef, Day};
use tidegauge_storage::{MirrorPosition, Sequence};
use tokio::time::Instant;

/// Objects after which a manifest is published while there are more: what a kill makes us look at
/// again is bounded by that.
const MAX_UNPUBLISHED: usize = 64;

/// Time after which it is.
const PUBLISH_EVERY: Duration = Duration::from_secs(60);

/// Days that are not final rest for so many times as long as making them took.
const HOT_REST: u32 = 9;

/// What a look led to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Turn {
    /// Nothing was to be done.
    Nothing,
    /// Something was done, and something else may be.
    More,
}

/// When days that are not final are due, if they changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Pace {
    /// Every now and then.
    Follow,
    /// If they were not published since.
    Since(Instant),
}

/// Work on one lake.
pub(super) struct Session {
    pub(super) published: Published,
    doubts: Doubts,
    /// Objects of final days that no manifest names yet, and since when.
    unpublished: usize,
    since: Instant,
    hot: HotState,
}

/// Days that are not final.
struct HotState {
    /// The tip that they were made at, and whether a repair came after.
    tip: Option<BlockRef>,
    is_doubted: bool,
    /// When they were made last, and how long they rest.
    made: Option<(Instant, Duration)>,
}

impl Session {
    pub(super) async fn open(means: &Means, trust: Trust) -> Result<Self, SyncError> {
        let published = Published::load(&means.objects, means.chain, trust).await?;
        let tip = published.root.as_ref().and_then(|root| root.tip);
        Ok(Self {
            published,
            doubts: Doubts::new(),
            unpublished: 0,
            since: Instant::now(),
            hot: HotState {
                tip,
                is_doubted: false,
                made: None,
            },
        })
    }

    /// Looks at the store and does what is most urgent.
    pub(super) async fn step(
        &mut self,
        means: &Means,
        pace: Pace,
        status: &mut LakeStatus,
    ) -> Result<Turn, SyncError> {
        let look = self.look(means).await?;
        let published = self.published.root.as_ref().map_or(0, |root| root.notice);
        let catalog = &self.published.catalog;
        self.doubts.take(&look, Sequence(published), catalog);
        self.hot.is_doubted |= look.doubt != Doubt::Nothing;
        let turn = self.act(means, pace, &look, status).await?;
        self.tell(&look, status);
        Ok(turn)
    }

    async fn act(
        &mut self,
        means: &Means,
        pace: Pace,
        look: &Look,
        status: &mut LakeStatus,
    ) -> Result<Turn, SyncError> {
        if look.is_behind {
            status.phase = LakePhase::Ahead;
            return self.publish_news(means, look).await;
        }
        let missing = self.missing(&look.days);
        if !missing.is_empty() {
            status.phase = LakePhase::CatchingUp;
            let some = &missing[..missing.len().min(MAX_AT_ONCE)];
            self.add(means, some, status).await?;
            if missing.len() == some.len() || self.is_full() {
                self.publish(means, look, None).await?;
            }
            return Ok(Turn::More);
        }
        if self.is_hot_due(means, pace, look) {
            return self.renew_hot(means, look, status).await;
        }
        let comparable = self.doubts.comparable(&look.days, &self.published.catalog);
        if !comparable.is_empty() {
            status.phase = LakePhase::Rechecking;
            self.recheck(means, comparable, status).await?;
            if self.is_full() {
                self.publish_news(means, look).await?;
            }
            return Ok(Turn::More);
        }
        status.phase = LakePhase::Following;
        self.publish_news(means, look).await
    }

    async fn look(&self, means: &Means) -> Result<Look, SyncError> {
        let known = Known {
            root: self.published.root.clone(),
            seen: self.doubts.seen(),
            life: means.life,
        };
        look_at(&means.reader, move |view| Look::at(view, &known)).await
    }

    /// Final days that are not published, or forecasts of other runs, the oldest first.
    fn missing(&self, days: &Days) -> Vec<(Day, LakeTable)> {
        let of = |table: LakeTable| {
            let settled = days.all_settled(table).map(|span| span.day);
            settled.filter(move |day| {
                let published = self.published.catalog.get(table, *day);
                published.is_none_or(|object| object.runs != days.runs(table, *day))
            })
        };
        let mut missing: Vec<_> = LakeTable::ALL
            .into_iter()
            .flat_map(|table| of(table).map(move |day| (day, table)))
            .collect();
        missing.sort_unstable();
        missing
    }

    async fn add(
        &mut self,
        means: &Means,
        some: &[(Day, LakeTable)],
        status: &mut LakeStatus,
    ) -> Result<(), SyncError> {
        let (wanted, scratch) = (some.to_vec(), means.scratch.clone());
        let made = look_at(&means.reader, move |view| {
            make_settled(view, &scratch, &wanted)
        })
        .await?;
        self.put(means, made, status).await
    }

    /// Uploads files of final days.
    async fn put(
        &mut self,
        means: &Means,
        made: Vec<Made>,
        status: &mut LakeStatus,
    ) -> Result<(), SyncError> {
        for object in means.put(made, false, status).await? {
            if self.unpublished == 0 {
                self.since = Instant::now();
            }
            self.unpublished += 1;
            self.published.catalog.put(object);
        }
        Ok(())
    }

    /// Of some published objects, those that the store can give again.
    pub(super) async fn mendable(
        &self,
        means: &Means,
        objects: Vec<LakeObject>,
    ) -> Result<Vec<LakeObject>, SyncError> {
        let days = look_at(&means.reader, Days::read).await?;
        let can = |object: &LakeObject| {
            !self.is_settled(object) || matches!(comparable(&days, object), Comparable::Now(_))
        };
        Ok(objects.into_iter().filter(can).collect())
    }

    /// Writes days anew whatever is published of them; those that are not final are due then.
    pub(super) async fn redo(
        &mut self,
        means: &Means,
        objects: &[LakeObject],
        status: &mut LakeStatus,
    ) -> Result<(), SyncError> {
        let (settled, hot): (Vec<_>, Vec<_>) = objects.iter().partition(|o| self.is_settled(o));
        for some in settled.chunks(MAX_AT_ONCE) {
            let days: Vec<_> = some.iter().map(|o| (o.date, o.table)).collect();
            self.add(means, &days, status).await?;
        }
        self.hot.is_doubted |= !hot.is_empty();
        self.doubts.mark();
        Ok(())
    }

    /// Whether an object is of a final day.
    fn is_settled(&self, object: &LakeObject) -> bool {
        let known = self.published.catalog.get(object.table, object.date);
        known.is_some_and(|known| known.key == object.key)
    }

    fn is_full(&self) -> bool {
        self.unpublished >= MAX_UNPUBLISHED
            || (self.unpublished > 0 && self.since.elapsed() >= PUBLISH_EVERY)
    }

    fn is_hot_due(&self, means: &Means, pace: Pace, look: &Look) -> bool {
        let changed =
            self.hot.is_doubted || self.hot.tip != look.tip || self.has_other_runs(&look.days);
        let due = match (pace, self.hot.made) {
            (_, None) => true,
            (Pace::Follow, Some((made, rest))) => {
                made.elapsed() >= rest.max(means.options.hot_every)
            }
            (Pace::Since(began), Some((made, _))) => made < began,
        };
        look.is_derived && look.tip.is_some() && changed && due
    }

    /// Whether forecasts of days that can still change are of other runs than the published ones.
    fn has_other_runs(&self, days: &Days) -> bool {
        let hot = days.hot(LakeTable::Predictions).map(|span| span.day);
        let catalog = &self.published.catalog;
        let hot = hot.filter(|day| catalog.get(LakeTable::Predictions, *day).is_none());
        let published = self.published.hot().iter();
        let published = published.filter(|object| object.table == LakeTable::Predictions);
        !hot.map(|day| (day, days.runs(LakeTable::Predictions, day)))
            .eq(published.map(|object| (object.date, object.runs)))
    }

    async fn renew_hot(
        &mut self,
        means: &Means,
        look: &Look,
        status: &mut LakeStatus,
    ) -> Result<Turn, SyncError> {
        let began = Instant::now();
        let before = Before {
            settled: self
                .published
                .catalog
                .iter()
                .map(|object| (object.table, object.date))
                .collect(),
            hot: match self.hot.is_doubted {
                true => Vec::new(),
                false => self.published.hot().to_vec(),
            },
        };
        let scratch = means.scratch.clone();
        let hot = look_at(&means.reader, move |view| make_hot(view, &scratch, &before)).await?;
        let Some(hot) = hot else {
            return Ok(Turn::More);
        };
        let mut objects = hot.kept;
        objects.extend(means.put(hot.made, true, status).await?);
        objects.sort_by_key(|object| (object.table, object.date));
        self.publish(means, look, Some((objects, hot.tip))).await?;
        self.hot.is_doubted = false;
        self.hot.made = Some((Instant::now(), began.elapsed() * HOT_REST));
        Ok(Turn::More)
    }

    async fn recheck(
        &mut self,
        means: &Means,
        objects: Vec<LakeObject>,
        status: &mut LakeStatus,
    ) -> Result<(), SyncError> {
        let scratch = means.scratch.clone();
        let some = objects.clone();
        let compared = look_at(&means.reader, move |view| compare(view, &scratch, &some)).await?;
        let mut made = Vec::new();
        let mut done = Vec::new();
        for (object, compared) in objects.into_iter().zip(compared) {
            match compared {
                Compared::Same => {}
                Compared::Differs(file) => made.push(file),
                Compared::Other => continue,
            }
            done.push(object);
        }
        self.put(means, made, status).await?;
        done.iter().for_each(|object| self.doubts.settle(object));
        Ok(())
    }

    /// Publishes what is not named yet, and what became sure.
    async fn publish_news(&mut self, means: &Means, look: &Look) -> Result<Turn, SyncError> {
        let life = self.published.root.as_ref().map(|root| root.store);
        let is_others = life.is_some_and(|life| life != means.life);
        if self.unpublished > 0 || self.doubts.is_news() || is_others {
            self.publish(means, look, None).await?;
            return Ok(Turn::More);
        }
        if !self.published.is_latest_current() {
            self.published.refresh_latest().await?;
            return Ok(Turn::More);
        }
        Ok(Turn::Nothing)
    }

    async fn publish(
        &mut self,
        means: &Means,
        look: &Look,
        hot: Option<(Vec<LakeObject>, Option<BlockRef>)>,
    ) -> Result<(), SyncError> {
        let (mut hot, tip) = hot.unwrap_or_else(|| (self.published.hot().to_vec(), self.hot.tip));
        let catalog = &self.published.catalog;
        // What became final is not named twice.
        hot.retain(|object| catalog.get(object.table, object.date).is_none());
        let draft = Draft {
            life: means.life,
            notice: self.doubts.notice().0,
            tip,
            feature_set: look.feature_set.clone(),
            hot,
        };
        let now = (means.options.clock)();
        self.published.publish(&means.writer, now, draft).await?;
        self.hot.tip = tip;
        self.unpublished = 0;
        self.doubts.told();
        Ok(())
    }

    fn tell(&self, look: &Look, status: &mut LakeStatus) {
        status.tip = look.tip;
        status.tip_time = look.tip_time;
        status.recheck = self.doubts.len() as u64;
        let Some(root) = &self.published.root else {
            return;
        };
        status.version = root.version;
        status.final_block = root.final_block;
        status.at = root.tip;
        if root.tip.is_some() && root.tip == look.tip {
            status.time = look.tip_time;
        }
        let (mut objects, mut bytes, mut rows) = (0, 0, 0);
        for object in self.published.objects() {
            objects += 1;
            bytes += object.bytes;
            rows += object.rows;
        }
        (status.objects, status.bytes, status.rows) = (objects, bytes, rows);
        let at = root.tip.or(root.final_block).filter(|_| root.notice > 0);
        status.acknowledged = at.map(|at| MirrorPosition {
            sequence: Sequence(root.notice),
            at,
        });
    }
}
