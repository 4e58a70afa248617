//! When an object was made.

use super::read::{At, Read};

/// A point in time as Kubernetes writes it in `creationTimestamp`: the earlier is the less.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp {
    /// Seconds since 1970.
    seconds: i64,
    nanos: u32,
}

impl Timestamp {
    /// Parses RFC 3339: `2024-05-01T12:00:00Z`, with a fraction and an offset perhaps.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (date, time) = text.split_once(['T', 't', ' '])?;
        let [year, month, day] = numbers(date, '-')?;
        let zone = time.find(['Z', 'z', '+', '-'])?;
        let (time, zone) = time.split_at(zone);
        let (time, fraction) = time.split_once('.').unwrap_or((time, ""));
        let [hours, minutes, seconds] = numbers(time, ':')?;
        let is_sound = (1..=12).contains(&month)
            && (1..=31).contains(&day)
            && hours < 24
            && minutes < 60
            && seconds <= 60
            && fraction.bytes().all(|byte| byte.is_ascii_digit());
        let of_day = hours * 3600 + minutes * 60 + seconds - offset(zone)?;
        let nanos = format!("{fraction:0<9}").get(..9)?.parse().ok()?;
        is_sound.then(|| Self { seconds: days(year, month, day) * 86_400 + of_day, nanos })
    }
}

/// Three numbers without signs.
fn numbers(text: &str, between: char) -> Option<[i64; 3]> {
    let mut parts = text.split(between).map(|part| part.parse::<u32>().ok().map(i64::from));
    let numbers = [parts.next()??, parts.next()??, parts.next()??];
    parts.next().is_none().then_some(numbers)
}

/// Seconds east of Greenwich.
fn offset(zone: &str) -> Option<i64> {
    if zone.eq_ignore_ascii_case("z") {
        return Some(0);
    }
    let (hours, minutes) = zone.get(1..)?.split_once(':')?;
    let seconds = i64::from(hours.parse::<u8>().ok()?) * 3600 + i64::from(minutes.parse::<u8>().ok()?) * 60;
    Some(if zone.starts_with('-') { -seconds } else { seconds })
}

/// Days from 1970 to a date of the Gregorian calendar; years begin in March, so that leap days are last.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month > 2 { year } else { year - 1 };
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + of_year - 719_468
}

impl Read for Timestamp {
    fn read(at: At<'_>) -> Option<Self> {
        let time = at.node.as_text().and_then(Self::parse);
        if time.is_none() {
            at.expected("a time such as 2024-05-01T12:00:00Z");
        }
        time
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(text: &str) -> Option<i64> {
        Timestamp::parse(text).map(|time| time.seconds)
    }

    #[test]
    fn times_are_seconds_since_1970_wherever_they_were_written() {
        assert_eq!(seconds("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(seconds("2000-02-29T00:00:00Z"), Some(951_782_400));
        assert_eq!(seconds("2024-05-01T12:00:00Z"), Some(1_714_564_800));
        assert_eq!(seconds("2024-05-01T14:00:00+02:00"), Some(1_714_564_800));
        assert_eq!(seconds("2024-05-01T11:30:00.5-00:30"), Some(1_714_564_800));
        assert!(Timestamp::parse("2024-05-01T12:00:00.25Z") > Timestamp::parse("2024-05-01T12:00:00.2Z"));
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in
            ["", "2024-05-01", "2024-05-01T12:00:00", "2024-13-01T12:00:00Z", "2024-05-01T12:00Z", "a"]
        {
            assert_eq!(seconds(text), None, "{text}");
        }
    }
}
