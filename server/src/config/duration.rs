use std::time::Duration;

use crate::options::MIN_PROGRESS_INTERVAL;

/// Go's longest, 292 years: what is added to a time stays a time.
const MAX: Duration = Duration::from_nanos(i64::MAX as u64);

/// A duration as etcd's flags write it: `10m`, `1h30m`, `2.5s`, `100ms`, `0`.
pub(crate) fn duration(text: &str) -> Result<Duration, &'static str> {
    const MALFORMED: &str = "expected a duration such as 5s, 100ms or 1h30m";
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    let mut seconds = 0.0;
    let mut rest = text;
    while !rest.is_empty() {
        let unit_at = rest.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or(MALFORMED)?;
        let number: f64 = rest[..unit_at].parse().map_err(|_| MALFORMED)?;
        let unit = &rest[unit_at..];
        let next_at = unit.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(unit.len());
        seconds += number * seconds_of(&unit[..next_at]).ok_or(MALFORMED)?;
        rest = &unit[next_at..];
    }
    let parsed = Duration::try_from_secs_f64(seconds).ok().filter(|duration| *duration <= MAX && !text.is_empty());
    parsed.ok_or(MALFORMED)
}

/// One that is long enough between two reports of a watch's progress.
pub(super) fn progress_interval(text: &str) -> Result<Duration, String> {
    let interval = duration(text)?;
    if interval < MIN_PROGRESS_INTERVAL {
        return Err(format!("at least {MIN_PROGRESS_INTERVAL:?} is needed"));
    }
    Ok(interval)
}

fn seconds_of(unit: &str) -> Option<f64> {
    Some(match unit {
        "ns" => 1e-9,
        "us" | "µs" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gos_durations_are_understood() {
        let parsed = ["10m", "1h30m", "2.5s", "100ms", "0", "0s"].map(|text| duration(text).expect(text).as_millis());
        assert_eq!(parsed, [600_000, 5_400_000, 2500, 100, 0, 0]);
    }

    #[test]
    fn what_is_no_duration_is_refused() {
        for text in ["", "5", "s", "5x", "5s5", "-1s", "1.2.3s", "2562048h", "99999999999999h"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }
}
