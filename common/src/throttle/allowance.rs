//! How much a throttle allows, as a setting.

use std::{fmt, str::FromStr, time::Duration};

/// So many at once, and as many more, evenly, in a time; or no limit. Written `100/1m`, or `0` for no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// 0: no limit.
    count: u32,
    per: Duration,
}

/// A text or a pair of numbers is no allowance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "must be COUNT/TIME with COUNT from 1 to 1000000 and TIME from 1s to 24h, e.g. 100/1m, or 0 for no limit"
)]
pub struct InvalidAllowance;

impl Allowance {
    /// No limit.
    pub const OFF: Self = Self {
        count: 0,
        per: Duration::ZERO,
    };
    /// The largest count.
    pub const MAX_COUNT: u32 = 1_000_000;
    /// The shortest time.
    pub const MIN_PER: Duration = Duration::from_secs(1);
    /// The longest time.
    pub const MAX_PER: Duration = Duration::from_secs(24 * 3_600);

    /// `count` at once, and `count` more in each `per`.
    ///
    /// # Errors
    /// [`InvalidAllowance`] when one of them is out of bounds.
    pub const fn new(count: u32, per: Duration) -> Result<Self, InvalidAllowance> {
        let (nanos, least, most) = (per.as_nanos(), Self::MIN_PER.as_nanos(), Self::MAX_PER.as_nanos());
        if count == 0 || count > Self::MAX_COUNT || nanos < least || nanos > most {
            return Err(InvalidAllowance);
        }
        Ok(Self { count, per })
    }

    /// How many at once; 0 where there is no limit.
    pub const fn count(self) -> u32 {
        self.count
    }

    /// In which time as many more are allowed.
    pub const fn per(self) -> Duration {
        self.per
    }
}

impl FromStr for Allowance {
    type Err = InvalidAllowance;

    fn from_str(text: &str) -> Result<Self, InvalidAllowance> {
        if text == "0" {
            return Ok(Self::OFF);
        }
        let (count, per) = text.split_once('/').ok_or(InvalidAllowance)?;
        let count = Some(count).filter(|count| count.bytes().all(|b| b.is_ascii_digit()));
        let count = count
            .and_then(|count| count.parse().ok())
            .ok_or(InvalidAllowance)?;
        let per = humantime::parse_duration(per).map_err(|_| InvalidAllowance)?;
        Self::new(count, per)
    }
}

impl fmt::Display for Allowance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::OFF {
            return f.write_str("0");
        }
        let per = humantime::format_duration(self.per).to_string();
        write!(f, "{}/{}", self.count, per.replace(' ', ""))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_allowance_is_a_count_and_a_time() {
        for (text, count, seconds, shown) in [
            ("100/1m", 100, 60, "100/1m"),
            ("10/10m", 10, 600, "10/10m"),
            ("1/1s", 1, 1, "1/1s"),
            ("1000000/24h", 1_000_000, 86_400, "1000000/1day"),
            ("5/90s", 5, 90, "5/1m30s"),
        ] {
            let allowance: Allowance = text.parse().unwrap();
            assert_eq!(
                (allowance.count(), allowance.per()),
                (count, Duration::from_secs(seconds))
            );
            assert_eq!(allowance.to_string(), shown);
        }
        assert_eq!("0".parse(), Ok(Allowance::OFF));
        assert_eq!(Allowance::OFF.to_string(), "0");
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "/",
            "100",
            "100/",
            "/1m",
            "0/1m",
            "00",
            "-1/1m",
            "+1/1m",
            " 1/1m",
            "1.5/1m",
            "1000001/1m",
            "99999999999/1m",
            "1/0s",
            "1/999ms",
            "1/24h1ns",
            "1/25h",
            "1/1m/1m",
            "1/60",
            "1/-1s",
            "1/1x",
        ] {
            assert_eq!(text.parse::<Allowance>(), Err(InvalidAllowance), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_shown_is_read_as_the_same(
            count in 1..=Allowance::MAX_COUNT,
            seconds in 1..86_400_u64,
            nanos in 0..1_000_000_000_u32,
        ) {
            let allowance = Allowance::new(count, Duration::new(seconds, nanos)).unwrap();
            prop_assert_eq!(allowance.to_string().parse(), Ok(allowance));
        }

        #[test]
        fn any_text_is_read_without_a_panic(text in "(\\PC{0,20}|[0-9]{0,12}/[0-9]{0,22}[a-z]{0,3})") {
            let _ = text.parse::<Allowance>();
        }
    }
}
