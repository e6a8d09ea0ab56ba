//! Judging, every few seconds, and keeping what is to be told.

use super::facts::Gatherer;
use super::report::book;
use super::sink::Sink;
use super::spool::{GIVEN_UP_AFTER_S, carry};
use crate::collect::Committer;
use crate::error::Error;
use crate::sources::Sources;
use futures_util::future::join_all;
use std::time::Duration;
use tidegauge_alerts::{Alert, AlertState, Book, Severity};
use tidegauge_model::UnixSeconds;
use tidegauge_storage::{Keep, SpooledAlert, ToldAlert, View, keep_alert_book};
use tokio::sync::watch as channel;
use tokio_util::sync::CancellationToken;

/// Between two looks.
const LOOK: Duration = Duration::from_secs(5);

/// How often what only lasts is kept: so much of it a restart forgets.
const KEEP_AFTER_S: u64 = 60;

/// Told alerts that are kept.
const MOST_TOLD: usize = 1_000;

/// Judges and tells until told to stop.
pub(crate) async fn watch(
    sources: Sources,
    sinks: Vec<Sink>,
    committer: &Committer,
    stop: &CancellationToken,
) {
    let (tell, news) = channel::channel(0u64);
    let carrying = join_all(sinks.iter().map(|sink| {
        let (reader, now) = (&sources.reader, sources.now);
        carry(sink, reader, committer, now, news.clone(), stop)
    }));
    let judging = async {
        let mut desk = Desk {
            sources: sources.clone(),
            gatherer: Gatherer::default(),
            book: None,
            kept: Vec::new(),
            kept_at: UnixSeconds(0),
        };
        while !stop.is_cancelled() {
            let looked = tokio::task::spawn_blocking(move || {
                let looked = desk.look();
                (desk, looked)
            });
            let Ok((back, looked)) = looked.await else {
                tracing::error!("nobody judges any more: the thread that did has panicked");
                return;
            };
            desk = back;
            match looked {
                Ok(None) => {}
                Ok(Some((records, alerts))) => match keep(committer, records).await {
                    Ok(()) => {
                        alerts.iter().for_each(log);
                        tell.send_modify(|told| *told = told.wrapping_add(1));
                    }
                    Err(error) => {
                        // Judged again from what was kept.
                        desk.book = None;
                        desk.kept.clear();
                        desk.kept_at = UnixSeconds(0);
                        tracing::warn!("alerts are not kept, and so not told: {error}");
                    }
                },
                Err(error) => tracing::warn!("the state of things is not known: {error}"),
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(LOOK) => {}
            }
        }
    };
    tokio::join!(carrying, judging);
}

/// What judges.
struct Desk {
    sources: Sources,
    gatherer: Gatherer,
    /// `None`: to be read from the store.
    book: Option<Book>,
    /// What was kept of it last, and when.
    kept: Vec<u8>,
    kept_at: UnixSeconds,
}

/// What is to be kept, and what it tells.
type News = (Vec<Keep>, Vec<Alert>);

impl Desk {
    /// Judges what is known now; `None` where nothing changed.
    fn look(&mut self) -> Result<Option<News>, Error> {
        let now = (self.sources.now)();
        let facts = self.gatherer.gather(&self.sources, now)?;
        *self.sources.judged.lock() = Some(facts.clone());
        let mut judged = match self.book.take() {
            Some(known) => known,
            None => self.read()?,
        };
        let alerts = judged.judge(&facts, now);
        let bytes = judged.to_bytes();
        let bytes = bytes.map_err(|e| Error::Failed(e.to_string()))?;
        let is_old = now.0.abs_diff(self.kept_at.0) >= KEEP_AFTER_S;
        let news = if alerts.is_empty() && (bytes == self.kept || !is_old) {
            None
        } else {
            let records = self.records(&bytes, &alerts)?;
            (self.kept, self.kept_at) = (bytes, now);
            Some((records, alerts))
        };
        self.book = Some(judged);
        Ok(news)
    }

    fn read(&self) -> Result<Book, Error> {
        let view = self.sources.reader.view()?;
        match view.alert_book()? {
            Some(bytes) => book(self.sources.rules.clone(), &bytes),
            None => Book::new(self.sources.rules.clone()).map_err(|e| Error::Usage(e.to_string())),
        }
    }

    fn records(&self, bytes: &[u8], alerts: &[Alert]) -> Result<Vec<Keep>, Error> {
        let mut records = vec![keep_alert_book(bytes)?];
        for alert in alerts {
            let body = serde_json::to_string(alert)
                .map_err(|e| Error::Failed(format!("cannot write an alert: {e}")))?;
            let told = ToldAlert {
                id: alert.id.0,
                body: body.clone(),
            };
            records.push(told.keep()?);
            for sink in &self.sources.sinks {
                let spooled = SpooledAlert {
                    sink: sink.clone(),
                    id: alert.id.0,
                    body: body.clone(),
                    since: alert.at,
                    attempts: 0,
                    error: None,
                    given_up: false,
                };
                records.push(spooled.keep()?);
            }
        }
        let view = self.sources.reader.view()?;
        for told in view.told_alerts_backwards()?.skip(MOST_TOLD) {
            records.push(told?.drop());
        }
        self.forget_strangers(&view, &mut records)?;
        Ok(records)
    }

    /// What waits for a place that is configured no more is kept for a day: it may come back.
    fn forget_strangers(&self, view: &View<'_>, records: &mut Vec<Keep>) -> Result<(), Error> {
        let now = (self.sources.now)();
        for spooled in view.spooled_alerts()? {
            let spooled = spooled?;
            let is_old = now.0.saturating_sub(spooled.since.0) >= GIVEN_UP_AFTER_S;
            if is_old && !self.sources.sinks.contains(&spooled.sink) {
                records.push(spooled.drop());
            }
        }
        Ok(())
    }
}

async fn keep(committer: &Committer, records: Vec<Keep>) -> Result<(), Error> {
    if committer.keep(records).await? {
        Ok(())
    } else {
        Err(Error::Failed("the commit thread has stopped".to_owned()))
    }
}

/// The log is told at once.
fn log(alert: &Alert) {
    let line = alert.headline();
    match (alert.state, alert.severity) {
        (AlertState::Recovered, _) | (_, Severity::Info) => tracing::info!("{line}"),
        (_, Severity::Warn) => tracing::warn!("{line} ({})", alert.hint),
        (_, Severity::Page) => tracing::error!("{line} ({})", alert.hint),
    }
}
