//! `[cloudwatch]` and `[secrets]`: what AWS is told, and what is read from it.

use super::text;
use super::timing::Period;
use serde::{Deserialize, Serialize};
use tidegauge_cloud::{CloudWatch as Place, Region};

/// Longest name of a namespace.
const MOST_NAMESPACE: usize = 255;

/// Where numbers for alarms are put.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct CloudWatch {
    pub(crate) namespace: String,
    pub(crate) region: String,
    #[serde(with = "text")]
    pub(crate) every: Period,
}

impl Default for CloudWatch {
    fn default() -> Self {
        Self {
            namespace: String::new(),
            region: String::new(),
            every: Period::minutes(1),
        }
    }
}

impl CloudWatch {
    /// Where they are put; `None`: nowhere.
    ///
    /// # Errors
    /// For names that are none.
    pub(crate) fn place(&self) -> Result<Option<Place>, String> {
        if self.namespace.is_empty() {
            return Ok(None);
        }
        let plain = |c: char| c.is_ascii_alphanumeric() || "._-/#:".contains(c);
        if self.namespace.len() > MOST_NAMESPACE
            || !self.namespace.chars().all(plain)
            || self.namespace.starts_with("AWS/")
        {
            return Err(format!(
                "configuration: `cloudwatch.namespace` = `{}` is no namespace: write letters, digits and ._-/#:, not beginning with AWS/",
                self.namespace.escape_debug()
            ));
        }
        let region = match self.region.as_str() {
            "" => None,
            name => Some(Region::new(name).ok_or_else(|| {
                format!(
                    "configuration: `cloudwatch.region` = `{}` is no region: write it as eu-west-1",
                    name.escape_debug()
                )
            })?),
        };
        Ok(Some(Place::new(&self.namespace, region)))
    }
}

/// Secrets that AWS keeps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Secrets {
    #[serde(with = "text")]
    pub(crate) refresh_every: Period,
}

impl Default for Secrets {
    fn default() -> Self {
        Self {
            refresh_every: Period::minutes(10),
        }
    }
}
