//! The book of what is wrong: it tells each trouble once, now and then again, and its end.
//!
//! It is a pure function of the facts, the time and its own state. The state is bytes, which are
//! to be kept in the same write as the alerts: then a restart neither tells again nor forgets.

use crate::alert::{Alert, AlertId, AlertState, Severity};
use crate::error::AlertsError;
use crate::facts::Facts;
use crate::rules::{Finding, Findings, Rule, Rules, Watch};
use crate::standing::{Standing, go_on};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use tidegauge_model::UnixSeconds;

/// Format of the kept state.
const FORMAT: u32 = 1;

/// Where the runbook is, from the root of the repository.
const RUNBOOK: &str = "docs/runbook.md";

/// The rules, and what stands against whom.
#[derive(Clone, PartialEq, Debug)]
pub struct Book {
    rules: Rules,
    state: State,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
struct State {
    format: u32,
    last: AlertId,
    /// By rule, then by subject.
    standing: BTreeMap<String, BTreeMap<String, Standing>>,
}

/// A trouble that was told and is not over.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Trouble {
    /// The rule's name.
    pub rule: String,
    /// What it looks at.
    pub subject: String,
    /// How bad it is.
    pub severity: Severity,
    /// Number of the alert that told of it.
    pub episode: AlertId,
    /// Since when it has been wrong.
    pub since: UnixSeconds,
    /// What was last known of it.
    pub summary: String,
}

impl Book {
    /// An empty one.
    ///
    /// # Errors
    /// [`AlertsError::Settings`], as [`Rules::check`].
    pub fn new(rules: Rules) -> Result<Self, AlertsError> {
        rules.check()?;
        let state = State {
            format: FORMAT,
            last: AlertId::default(),
            standing: BTreeMap::new(),
        };
        Ok(Self { rules, state })
    }

    /// The one that was kept. The rules may have changed since.
    ///
    /// # Errors
    /// [`AlertsError::Settings`]; [`AlertsError::Damaged`] if these are not a book's bytes.
    pub fn from_bytes(rules: Rules, bytes: &[u8]) -> Result<Self, AlertsError> {
        rules.check()?;
        let damaged = |why: String| AlertsError::Damaged {
            what: "the book",
            why,
        };
        let state: State = serde_json::from_slice(bytes).map_err(|e| damaged(e.to_string()))?;
        if state.format != FORMAT {
            return Err(damaged(format!("format {} is not known", state.format)));
        }
        Ok(Self { rules, state })
    }

    /// What to keep of it: JSON.
    ///
    /// # Errors
    /// [`AlertsError::Damaged`] if it cannot be written, which does not happen.
    pub fn to_bytes(&self) -> Result<Vec<u8>, AlertsError> {
        serde_json::to_vec(&self.state).map_err(|e| AlertsError::Damaged {
            what: "the book",
            why: e.to_string(),
        })
    }

    /// What is to be told now. Call it every few seconds: of what lies between two calls at most
    /// a minute counts as having lasted.
    pub fn judge(&mut self, facts: &Facts, now: UnixSeconds) -> Vec<Alert> {
        let Self { rules, state } = self;
        let mut alerts = Vec::new();
        let mut watched = BTreeSet::new();
        for rule in rules.all().filter(|rule| rule.watch().enabled) {
            watched.insert(rule.name());
            let findings = rule.judge(facts, now);
            state.take_in(rule, &findings, rules.remind_after_s, now, &mut alerts);
        }
        state.withdraw(&watched, now, &mut alerts);
        alerts
    }

    /// What was told and is not over, worst first.
    pub fn troubles(&self) -> Vec<Trouble> {
        let mut troubles = Vec::new();
        for (rule, subjects) in &self.state.standing {
            troubles.extend(subjects.iter().filter_map(|(subject, standing)| {
                let told = standing.told.as_ref()?;
                Some(Trouble {
                    rule: rule.clone(),
                    subject: subject.clone(),
                    severity: told.severity,
                    episode: told.episode,
                    since: standing.since,
                    summary: standing.summary.clone(),
                })
            }));
        }
        troubles.sort_by_key(|trouble| (std::cmp::Reverse(trouble.severity), trouble.episode));
        troubles
    }
}

impl State {
    fn take_in(
        &mut self,
        rule: &dyn Rule,
        findings: &Findings,
        remind_after_s: u64,
        now: UnixSeconds,
        alerts: &mut Vec<Alert>,
    ) {
        let subjects = self.standing.remove(rule.name()).unwrap_or_default();
        let known = findings.found.iter().map(|finding| &finding.subject);
        let all: BTreeSet<String> = known.chain(subjects.keys()).cloned().collect();
        let mut subjects = subjects;
        for subject in all {
            let mut standing = subjects.remove(&subject);
            let gone = standing.as_ref().map(|standing| gone(&subject, standing));
            let found = findings.found.iter().find(|found| found.subject == subject);
            let found = found.or(gone.as_ref().filter(|_| findings.rest_is_well));
            let patience = (rule.watch(), remind_after_s);
            let news = go_on(&mut standing, found, patience, now);
            let Some(mut standing) = standing else {
                continue;
            };
            if let Some(news) = news {
                let about = About::of(rule, &subject);
                alerts.push(self.tell(about, &mut standing, (news, rule.watch()), now));
            }
            if news != Some(AlertState::Recovered) {
                subjects.insert(subject, standing);
            }
        }
        if !subjects.is_empty() {
            self.standing.insert(rule.name().to_owned(), subjects);
        }
    }

    /// Ends what rules have told that are watched no longer.
    fn withdraw(&mut self, watched: &BTreeSet<&str>, now: UnixSeconds, alerts: &mut Vec<Alert>) {
        let names: Vec<String> = self.standing.keys().cloned().collect();
        for name in names.iter().filter(|name| !watched.contains(name.as_str())) {
            for (subject, mut standing) in self.standing.remove(name).unwrap_or_default() {
                let Some(told) = &standing.told else {
                    continue;
                };
                let watch = Watch {
                    enabled: false,
                    severity: told.severity,
                    fire_after_s: 0,
                    recover_after_s: 0,
                };
                standing.summary = format!("no longer watched; it was: {}", standing.summary);
                let about = About {
                    rule: name,
                    hint: "The rule is switched off; nothing says that all is well.",
                    subject: &subject,
                };
                let news = (AlertState::Recovered, watch);
                alerts.push(self.tell(about, &mut standing, news, now));
            }
        }
    }

    fn tell(
        &mut self,
        about: About<'_>,
        standing: &mut Standing,
        (state, watch): (AlertState, Watch),
        now: UnixSeconds,
    ) -> Alert {
        let id = self.last.after(now);
        self.last = id;
        let told = standing.tell(id, watch, now);
        Alert {
            id,
            episode: told.episode,
            rule: about.rule.to_owned(),
            subject: about.subject.to_owned(),
            severity: told.severity,
            state,
            summary: standing.summary.clone(),
            hint: about.hint.to_owned(),
            runbook: format!("{RUNBOOK}#{}", about.rule),
            since: standing.since,
            at: now,
        }
    }
}

/// What an alert is about.
struct About<'a> {
    rule: &'a str,
    hint: &'a str,
    subject: &'a str,
}

impl<'a> About<'a> {
    fn of(rule: &'a dyn Rule, subject: &'a str) -> Self {
        Self {
            rule: rule.name(),
            hint: rule.hint(),
            subject,
        }
    }
}

/// That a subject is not among those that are known to be all there are.
fn gone(subject: &str, standing: &Standing) -> Finding {
    let before = standing
        .summary
        .strip_prefix(GONE)
        .unwrap_or(&standing.summary);
    Finding::new(subject, false, format!("{GONE}{before}"))
}

/// How the summary of a subject begins that is gone.
const GONE: &str = "no longer there; it was: ";
