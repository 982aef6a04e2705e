//! Durations as users write them: `"10s"`, `"1m 30s"`, `"250ms"`, `"2h"`.

use std::fmt::Write as _;
use std::time::Duration;

/// The units, largest first, in milliseconds.
const UNITS: [(&str, u64); 4] = [("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

/// What is wrong with a duration.
#[derive(Debug, PartialEq)]
pub(crate) enum Invalid {
    /// It is not of the form.
    Form,
    /// A number has no unit.
    NoUnit,
    /// The units do not go from larger to smaller.
    Order,
    Zero,
    TooLong,
}

/// Reads a duration.
pub(crate) fn parse(text: &str) -> Result<Duration, Invalid> {
    let split = |part: &'_ str| part.bytes().take_while(u8::is_ascii_digit).count();
    let parts: Vec<(&str, &str)> = text.split_ascii_whitespace().map(|part| part.split_at(split(part))).collect();
    let is_unit = |unit: &str| UNITS.iter().any(|(name, _)| *name == unit);
    if parts.is_empty() || parts.iter().any(|(number, unit)| number.is_empty() || !(unit.is_empty() || is_unit(unit))) {
        return Err(Invalid::Form);
    }
    if parts.iter().any(|(_, unit)| unit.is_empty()) {
        return Err(Invalid::NoUnit);
    }
    let mut total: u64 = 0;
    let mut smaller = UNITS.as_slice();
    for (number, unit) in parts {
        let at = smaller.iter().position(|(name, _)| *name == unit).ok_or(Invalid::Order)?;
        let millis = smaller[at].1;
        smaller = &smaller[at + 1..];
        let number: u64 = number.parse().map_err(|_| Invalid::TooLong)?;
        let part = number.checked_mul(millis).ok_or(Invalid::TooLong)?;
        total = total.checked_add(part).ok_or(Invalid::TooLong)?;
    }
    if total == 0 { Err(Invalid::Zero) } else { Ok(Duration::from_millis(total)) }
}

/// Writes a duration in the form that [`parse`] reads.
pub(crate) fn display(duration: Duration) -> String {
    let mut rest = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let mut text = String::new();
    for (unit, millis) in UNITS {
        if rest >= millis {
            let space = if text.is_empty() { "" } else { " " };
            let _ = write!(text, "{space}{}{unit}", rest / millis);
            rest %= millis;
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_the_documented_forms() {
        for (text, millis) in
            [("10s", 10_000), ("1m 30s", 90_000), ("250ms", 250), ("2h", 7_200_000), ("1h 1ms", 3_600_001)]
        {
            assert_eq!(parse(text), Ok(Duration::from_millis(millis)), "{text}");
        }
    }

    #[test]
    fn reports_what_is_wrong() {
        for (text, invalid) in [
            ("", Invalid::Form),
            ("ten seconds", Invalid::Form),
            ("10sec", Invalid::Form),
            ("1.5s", Invalid::Form),
            ("-1s", Invalid::Form),
            ("2 seconds", Invalid::Form),
            ("10 s", Invalid::Form),
            ("10", Invalid::NoUnit),
            ("1m 30", Invalid::NoUnit),
            ("30s 1m", Invalid::Order),
            ("1s 1s", Invalid::Order),
            ("0s", Invalid::Zero),
            ("99999999999999999999s", Invalid::TooLong),
            ("18446744073709551615h", Invalid::TooLong),
        ] {
            assert_eq!(parse(text), Err(invalid), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_displayed_reads_back(millis in 1..u64::MAX) {
            let duration = Duration::from_millis(millis);
            prop_assert_eq!(parse(&display(duration)), Ok(duration));
        }

        #[test]
        fn any_text_is_read_or_refused(text in ".*") {
            let _ = parse(&text);
        }
    }
}
