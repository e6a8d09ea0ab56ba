//! Progress of long work: a bar on a terminal, plain log lines elsewhere.

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{self, IsTerminal, Write};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

/// How often a line is written where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// All bars of the process; log lines go above them.
static BARS: LazyLock<MultiProgress> =
    LazyLock::new(|| MultiProgress::with_draw_target(ProgressDrawTarget::stderr_with_hz(8)));

/// Progress of one piece of work, counted in `unit`s, with a second count beside it.
pub(crate) struct Progress {
    label: &'static str,
    unit: &'static str,
    extra_unit: &'static str,
    total: u64,
    done: u64,
    extra: u64,
    begun: Instant,
    last_line: Instant,
    bar: Option<ProgressBar>,
}

impl Progress {
    /// Begins; `total` in `unit`s, of which `done` lie behind already.
    pub(crate) fn begin(
        label: &'static str,
        unit: &'static str,
        extra_unit: &'static str,
        total: u64,
    ) -> Self {
        let bar = io::stderr().is_terminal().then(|| {
            let bar = BARS.add(ProgressBar::new(total));
            let style = ProgressStyle::with_template(
                "{prefix} {bar:30} {percent:>3}%  {human_pos}/{human_len} {msg}  ETA {eta}",
            );
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar.set_prefix(label);
            bar.enable_steady_tick(Duration::from_millis(250));
            bar
        });
        let now = Instant::now();
        Self {
            label,
            unit,
            extra_unit,
            total,
            done: 0,
            extra: 0,
            begun: now,
            last_line: now,
            bar,
        }
    }

    /// Counts more work as done.
    pub(crate) fn advance(&mut self, done: u64, extra: u64) {
        self.done = self.done.saturating_add(done);
        self.extra = self.extra.saturating_add(extra);
        if let Some(bar) = &self.bar {
            bar.set_position(self.done);
            bar.set_message(self.counts());
        } else if self.last_line.elapsed() >= LINE_EVERY {
            self.last_line = Instant::now();
            tracing::info!("{}: {}", self.label, self.line());
        }
    }

    /// Ends with a last line that stays.
    pub(crate) fn finish(self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
            BARS.remove(bar);
        }
        tracing::info!(
            "{}: {} {} and {} {} in {:.1} s ({}/s)",
            self.label,
            group(self.done),
            self.unit,
            group(self.extra),
            self.extra_unit,
            self.begun.elapsed().as_secs_f64(),
            group(self.rate(self.extra)),
        );
    }

    fn rate(&self, count: u64) -> u64 {
        (count as f64 / self.begun.elapsed().as_secs_f64().max(0.001)) as u64
    }

    fn counts(&self) -> String {
        format!(
            "{}, {} {} ({}/s)",
            self.unit,
            group(self.extra),
            self.extra_unit,
            group(self.rate(self.extra))
        )
    }

    fn line(&self) -> String {
        let percent = 100 * self.done / self.total.max(1);
        let rate = self.rate(self.done).max(1);
        let eta = self.total.saturating_sub(self.done) / rate;
        format!(
            "{percent} %, {}/{} {}, ETA {}",
            group(self.done),
            group(self.total),
            self.counts(),
            duration(eta)
        )
    }
}

/// Digits in groups of three.
pub(crate) fn group(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Bytes in the largest binary unit, with one decimal.
pub(crate) fn bytes(count: u64) -> String {
    let (mut whole, mut rest, mut unit) = (count, 0, 0);
    while whole >= 1_024 && unit < 4 {
        (rest, whole, unit) = (whole % 1_024, whole / 1_024, unit + 1);
    }
    match unit {
        0 => format!("{count} B"),
        _ => format!(
            "{whole}.{} {}",
            rest * 10 / 1_024,
            ["B", "KiB", "MiB", "GiB", "TiB"][unit]
        ),
    }
}

/// Seconds as `2d 3h`, `3h 4m`, `4m 5s` or `5s`.
pub(crate) fn duration(seconds: u64) -> String {
    let (d, h, m, s) = (
        seconds / 86_400,
        seconds / 3_600 % 24,
        seconds / 60 % 60,
        seconds % 60,
    );
    match (d, h, m) {
        (0, 0, 0) => format!("{s}s"),
        (0, 0, _) => format!("{m}m {s}s"),
        (0, ..) => format!("{h}h {m}m"),
        _ => format!("{d}d {h}h"),
    }
}

/// Standard error, with bars taken aside while a log line is written.
#[derive(Default)]
pub(crate) struct LogWriter;

impl Write for LogWriter {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        BARS.suspend(|| io::stderr().write_all(buf))?;
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_times_read_well() {
        for (n, text) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (1_234_567, "1,234,567"),
        ] {
            assert_eq!(group(n), text);
        }
        for (n, text) in [
            (0, "0 B"),
            (1_023, "1023 B"),
            (1_536, "1.5 KiB"),
            (5 << 30, "5.0 GiB"),
        ] {
            assert_eq!(bytes(n), text);
        }
        for (s, text) in [
            (5, "5s"),
            (245, "4m 5s"),
            (3_600 * 3 + 240, "3h 4m"),
            (86_400 * 2 + 3_600 * 3, "2d 3h"),
        ] {
            assert_eq!(duration(s), text);
        }
    }
}
