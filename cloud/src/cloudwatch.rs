//! CloudWatch: numbers of a moment, put under one namespace.

use crate::{
    account::{Account, explain},
    credentials::Region,
    error::CloudError,
};
use aws_sdk_cloudwatch::{
    Client,
    primitives::DateTime,
    types::{Dimension, MetricDatum, StandardUnit},
};
use std::time::SystemTime;

/// Numbers that one request may hold.
const MOST_AT_ONCE: usize = 1_000;

/// What a number counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unit {
    /// Things.
    Count,
    /// Seconds.
    Seconds,
    /// Bytes.
    Bytes,
    /// A share, from 0 to 1, or 0 and 1 for no and yes.
    Ratio,
}

/// One number.
#[derive(Clone, PartialEq, Debug)]
pub struct Datum {
    /// Its name.
    pub name: &'static str,
    /// What it is of, by name and value.
    pub dimensions: Vec<(&'static str, String)>,
    /// What it counts.
    pub unit: Unit,
    /// Finite; what is not is left out.
    pub value: f64,
}

/// Where numbers are put.
#[derive(Debug)]
pub struct CloudWatch {
    namespace: String,
    account: Account,
}

impl CloudWatch {
    /// A namespace, in this region or the environment's.
    pub fn new(namespace: &str, region: Option<Region>) -> Self {
        Self {
            namespace: namespace.to_owned(),
            account: Account::new(region),
        }
    }

    /// Puts all of them, as of one moment.
    ///
    /// # Errors
    /// [`CloudError`]; its class says whether to try again. Some may have been put before.
    pub async fn put(&self, data: &[Datum], at: SystemTime) -> Result<(), CloudError> {
        let client = Client::new(self.account.config().await?);
        let finite: Vec<&Datum> = data
            .iter()
            .filter(|datum| datum.value.is_finite())
            .collect();
        for part in finite.chunks(MOST_AT_ONCE) {
            let request = client
                .put_metric_data()
                .namespace(&self.namespace)
                .set_metric_data(Some(part.iter().map(|datum| datum.write(at)).collect()));
            if let Err(error) = request.send().await {
                return Err(explain("cloudwatch:PutMetricData", &error));
            }
        }
        Ok(())
    }
}

impl Datum {
    fn write(&self, at: SystemTime) -> MetricDatum {
        let dimensions = self.dimensions.iter().map(|(name, value)| {
            let dimension = Dimension::builder().name(*name).value(value);
            dimension.build()
        });
        MetricDatum::builder()
            .metric_name(self.name)
            .set_dimensions(Some(dimensions.collect()))
            .timestamp(DateTime::from(at))
            .unit(match self.unit {
                Unit::Count => StandardUnit::Count,
                Unit::Seconds => StandardUnit::Seconds,
                Unit::Bytes => StandardUnit::Bytes,
                Unit::Ratio => StandardUnit::None,
            })
            .value(self.value)
            .build()
    }
}
