//! Who is told: places of alerts, and CloudWatch.

use super::{Finding, bad, good};
use crate::alerts;
use crate::config::Config;
use std::time::SystemTime;
use tidegauge_cloud::{Datum, Unit};

/// Says that something was checked here.
const NUMBER: &str = "tidegauge_doctor";

/// Whether somebody is told, and, where one is sent, whether alerts arrive.
pub(super) async fn alerts(config: &Config, send: bool, findings: &mut Vec<Finding>) {
    let sinks = match alerts::sinks(&config.alerts) {
        Ok(sinks) => sinks,
        Err(error) => return findings.push(bad("alerts", error)),
    };
    if sinks.is_empty() {
        findings.push(good(
            "alerts",
            "the log alone is told: [alerts.webhooks.NAME] or [alerts.sns.NAME] tells somebody else",
        ));
    }
    for sink in sinks {
        let name = sink.name().to_owned();
        if !send {
            findings.push(good(
                "alerts",
                format!("{name}: not tried (--send sends a test alert)"),
            ));
            continue;
        }
        findings.push(match alerts::try_out(&sink).await {
            Ok(()) => good("alerts", format!("{name}: it took a test alert")),
            Err(reason) => bad("alerts", format!("{name}: {reason}")),
        });
    }
}

/// Whether numbers can be put.
pub(super) async fn cloudwatch(config: &Config, send: bool, findings: &mut Vec<Finding>) {
    const CHECK: &str = "cloudwatch";
    let namespace = &config.cloudwatch.namespace;
    let place = match config.cloudwatch.place() {
        Ok(Some(place)) => place,
        Ok(None) => return,
        Err(error) => return findings.push(bad(CHECK, error)),
    };
    if !send {
        return findings.push(good(
            CHECK,
            format!("{namespace}: not tried (--send puts a number, {NUMBER})"),
        ));
    }
    let number = Datum {
        name: NUMBER,
        dimensions: Vec::new(),
        unit: Unit::Count,
        value: 1.0,
    };
    findings.push(match place.put(&[number], SystemTime::now()).await {
        Ok(()) => good(CHECK, format!("{namespace}: it took {NUMBER}")),
        Err(error) => bad(CHECK, error),
    });
}
