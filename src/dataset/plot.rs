//! Small pictures as SVG, without any script.

use super::profile::Quantiles;
use std::fmt::Write;

/// Colours of the sets, told apart by colour-blind people too (Okabe and Ito).
pub(super) const COLOURS: [&str; 3] = ["#0072b2", "#e69f00", "#009e73"];

const STRIP_WIDTH: f64 = 260.0;
const STRIP_HEIGHT: f64 = 12.0;
const LINE_WIDTH: f64 = 900.0;
const LINE_HEIGHT: f64 = 140.0;

/// One thin box for each set over a common axis: 5 to 95 %, 25 to 75 %, the median.
pub(super) fn strips(sets: &[Option<Quantiles>]) -> String {
    let known: Vec<&Quantiles> = sets.iter().flatten().collect();
    let Some(least) = known.iter().map(|q| stretched(q.p5)).reduce(f64::min) else {
        return String::new();
    };
    let most = known.iter().map(|q| stretched(q.p95)).fold(least, f64::max);
    let x = |value: f64| {
        let span = (most - least).max(f64::MIN_POSITIVE);
        2.0 + (stretched(value) - least) / span * (STRIP_WIDTH - 4.0)
    };
    let height = STRIP_HEIGHT * sets.len() as f64;
    let mut out = open(STRIP_WIDTH, height);
    for (n, quantiles) in sets.iter().enumerate() {
        let Some(q) = quantiles else { continue };
        let (top, colour) = (STRIP_HEIGHT * n as f64, COLOURS[n % COLOURS.len()]);
        let middle = top + STRIP_HEIGHT / 2.0;
        let _ = write!(
            out,
            "<line x1=\"{:.1}\" x2=\"{:.1}\" y1=\"{middle:.1}\" y2=\"{middle:.1}\" stroke=\"{colour}\"/><rect x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"6\" fill=\"{colour}\" fill-opacity=\"0.45\"/><rect x=\"{:.1}\" y=\"{:.1}\" width=\"2\" height=\"10\" fill=\"{colour}\"/>",
            x(q.p5),
            x(q.p95),
            x(q.p25),
            middle - 3.0,
            (x(q.p75) - x(q.p25)).max(1.0),
            x(q.p50) - 1.0,
            middle - 5.0,
        );
    }
    out.push_str("</svg>");
    out
}

/// A bar for each share, 0 to 1.
pub(super) fn bars(shares: &[f64]) -> String {
    const WIDTH: f64 = 120.0;
    let mut out = open(WIDTH, STRIP_HEIGHT * shares.len() as f64);
    for (n, share) in shares.iter().enumerate() {
        let _ = write!(
            out,
            "<rect x=\"0\" y=\"{:.1}\" width=\"{:.1}\" height=\"8\" fill=\"{}\"/>",
            STRIP_HEIGHT * n as f64 + 2.0,
            share.clamp(0.0, 1.0) * WIDTH,
            COLOURS[n % COLOURS.len()],
        );
    }
    out.push_str("</svg>");
    out
}

/// Counts by day, each day a bar in the colour of its set; days between sets are gaps.
pub(super) fn calendar(days: &[(u32, u64, usize)]) -> String {
    let (Some(first), Some(last)) = (
        days.iter().map(|(day, ..)| *day).min(),
        days.iter().map(|(day, ..)| *day).max(),
    ) else {
        return String::new();
    };
    let most = days
        .iter()
        .map(|(_, rows, _)| *rows)
        .max()
        .unwrap_or(1)
        .max(1);
    let step = LINE_WIDTH / f64::from(last - first + 1);
    let mut out = open(LINE_WIDTH, LINE_HEIGHT);
    for (day, rows, set) in days {
        let height = *rows as f64 / most as f64 * LINE_HEIGHT;
        let _ = write!(
            out,
            "<rect x=\"{:.2}\" y=\"{:.2}\" width=\"{:.2}\" height=\"{height:.2}\" fill=\"{}\"/>",
            f64::from(day - first) * step,
            LINE_HEIGHT - height,
            (step * 0.9).max(0.3),
            COLOURS[set % COLOURS.len()],
        );
    }
    out.push_str("</svg>");
    out
}

fn open(width: f64, height: f64) -> String {
    format!(
        "<svg viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" role=\"img\">"
    )
}

/// Sign and logarithm: volumes span ten powers of ten, growth rates both signs.
fn stretched(value: f64) -> f64 {
    value.signum() * value.abs().ln_1p()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_stay_inside_their_frames() {
        let q = |by: f64| {
            Some(Quantiles {
                p5: -by,
                p25: 0.0,
                p50: by,
                p75: by * 2.0,
                p95: by * 1e12,
            })
        };
        let svg = strips(&[q(1.0), None, q(3.0)]);
        assert!(svg.starts_with("<svg") && svg.ends_with("</svg>"));
        for part in svg.split("x1=\"").skip(1) {
            let x: f64 = part.split('"').next().unwrap().parse().unwrap();
            assert!((0.0..=STRIP_WIDTH).contains(&x), "{svg}");
        }
        assert!(!svg.contains("NaN") && !svg.contains("inf"));
        // All values equal: an axis without length.
        let flat = strips(&[Some(Quantiles {
            p5: 1.0,
            p25: 1.0,
            p50: 1.0,
            p75: 1.0,
            p95: 1.0,
        })]);
        assert!(!flat.contains("NaN") && !flat.contains("inf"), "{flat}");
        assert_eq!(strips(&[None]), "");
        assert_eq!(calendar(&[]), "");
        assert_eq!(
            calendar(&[(1, 5, 0), (3, 0, 2)]).matches("<rect").count(),
            2
        );
        assert_eq!(
            bars(&[0.0, 2.0])
                .matches("width=\"120.0\" height=\"8\"")
                .count(),
            1
        );
    }
}
