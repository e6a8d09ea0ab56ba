//! A metric, and what it reads now.

use tidegauge_cloud::Unit;

/// A metric, as it is declared.
#[derive(Debug)]
pub(super) struct Metric {
    /// Its name, the same everywhere, with its unit at the end.
    pub(super) name: &'static str,
    /// What it means.
    pub(super) help: &'static str,
    /// Its unit in CloudWatch; `None`: it is not put there, where each costs money.
    pub(super) cloud: Option<Unit>,
}

impl Metric {
    pub(super) const fn new(name: &'static str, help: &'static str) -> Self {
        Self {
            name,
            help,
            cloud: None,
        }
    }

    /// The same, for alarms outside too.
    pub(super) const fn in_cloud(self, unit: Unit) -> Self {
        Self {
            cloud: Some(unit),
            ..self
        }
    }
}

/// What a metric reads.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Value {
    /// It goes up and down.
    Gauge(f64),
    /// It only grows while the process lives.
    Counter(u64),
}

/// One line.
#[derive(Debug, Clone)]
pub(crate) struct Reading {
    pub(super) metric: &'static Metric,
    pub(super) labels: Vec<(&'static str, String)>,
    pub(super) value: Value,
}

/// What all metrics read at one moment.
#[derive(Debug, Default)]
pub(crate) struct Readings(Vec<Reading>);

/// Names and values of labels.
pub(super) type Labels<'a> = &'a [(&'static str, &'a str)];

impl Readings {
    /// Something that goes up and down.
    pub(super) fn set(&mut self, metric: &'static Metric, labels: Labels<'_>, value: f64) {
        self.add(metric, labels, Value::Gauge(value));
    }

    /// The same of a whole number.
    pub(super) fn whole(&mut self, metric: &'static Metric, labels: Labels<'_>, value: u64) {
        self.set(metric, labels, value as f64);
    }

    /// Yes or no.
    pub(super) fn flag(&mut self, metric: &'static Metric, labels: Labels<'_>, value: bool) {
        self.set(metric, labels, f64::from(u8::from(value)));
    }

    /// Something that only grows.
    pub(super) fn count(&mut self, metric: &'static Metric, labels: Labels<'_>, value: u64) {
        self.add(metric, labels, Value::Counter(value));
    }

    fn add(&mut self, metric: &'static Metric, labels: Labels<'_>, value: Value) {
        let labels = labels
            .iter()
            .map(|(name, value)| (*name, (*value).to_owned()));
        self.0.push(Reading {
            metric,
            labels: labels.collect(),
            value,
        });
    }

    /// Line by line.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Reading> {
        self.0.iter()
    }
}
