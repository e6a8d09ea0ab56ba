//! In Prometheus' words.

use super::reading::{Readings, Value};
use metrics::{Key, KeyName, Label, Level, Metadata, Recorder, SharedString};
use metrics_exporter_prometheus::PrometheusBuilder;

/// The text of one scrape.
pub(crate) fn text(readings: &Readings) -> String {
    let recorder = PrometheusBuilder::new().build_recorder();
    let origin = Metadata::new(module_path!(), Level::INFO, Some(module_path!()));
    for reading in readings.iter() {
        let metric = reading.metric;
        let name = || KeyName::from_const_str(metric.name);
        let help = SharedString::const_str(metric.help);
        let labels = reading.labels.iter();
        let labels = labels.map(|(name, value)| Label::new(*name, value.clone()));
        let key = Key::from_parts(name(), labels.collect::<Vec<_>>());
        match reading.value {
            Value::Gauge(value) => {
                recorder.describe_gauge(name(), None, help);
                recorder.register_gauge(&key, &origin).set(value);
            }
            Value::Counter(value) => {
                recorder.describe_counter(name(), None, help);
                recorder.register_counter(&key, &origin).absolute(value);
            }
        }
    }
    recorder.handle().render()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::names::{LAG_BLOCKS, RPC_REQUESTS, SWAPS};

    #[test]
    fn a_scrape_is_prometheus_text() {
        let mut readings = Readings::default();
        readings.whole(&LAG_BLOCKS, &[], 7);
        readings.count(&SWAPS, &[], 1 << 60);
        for outcome in ["answered", "fai\"led"] {
            let labels = [("method", "eth_getLogs"), ("outcome", outcome)];
            readings.count(&RPC_REQUESTS, &labels, 2);
        }
        let text = text(&readings);
        for line in [
            "# HELP tidegauge_lag_blocks Blocks between the head and the tip",
            "# TYPE tidegauge_lag_blocks gauge",
            "tidegauge_lag_blocks 7",
            "# TYPE tidegauge_swaps_total counter",
            "tidegauge_swaps_total 1152921504606846976",
            r#"tidegauge_rpc_requests_total{method="eth_getLogs",outcome="answered"} 2"#,
            r#"tidegauge_rpc_requests_total{method="eth_getLogs",outcome="fai\"led"} 2"#,
        ] {
            assert!(text.lines().any(|l| l == line), "{line}\nin\n{text}");
        }
        assert_eq!(
            text.matches("# TYPE tidegauge_rpc_requests_total").count(),
            1
        );
    }
}
