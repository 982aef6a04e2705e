//! The grace from the environment.

use std::io;
use std::time::Duration;

/// The value of the variable, if it is set.
pub(super) fn from_env(variable: &str) -> io::Result<Option<Duration>> {
    match std::env::var(variable) {
        Ok(text) => match parse(&text) {
            Some(grace) => Ok(Some(grace)),
            None => Err(io::Error::other(format!("`{variable}` is `{text}`, which is no duration such as `25s`"))),
        },
        Err(std::env::VarError::NotPresent) => Ok(None),
        Err(error) => Err(io::Error::other(format!("`{variable}`: {error}"))),
    }
}

/// Numbers with units, from larger to smaller, or a number of seconds.
fn parse(text: &str) -> Option<Duration> {
    const UNITS: [(&str, u64); 4] = [("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];
    let text = text.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let (mut millis, mut units) = (0_u64, UNITS.iter());
    for part in text.split_whitespace() {
        let (number, unit) = part.split_at(part.find(|c: char| !c.is_ascii_digit())?);
        let (_, factor) = units.find(|(known, _)| *known == unit)?;
        millis = millis.checked_add(number.parse::<u64>().ok()?.checked_mul(*factor)?)?;
    }
    (!text.is_empty()).then(|| Duration::from_millis(millis))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_and_what_is_none() {
        for (text, millis) in [("25s", 25_000), ("1m 30s", 90_000), (" 500ms ", 500), ("7", 7_000), ("2h", 7_200_000)] {
            assert_eq!(parse(text), Some(Duration::from_millis(millis)), "{text}");
        }
        for text in ["", "s", "1x", "1s 2m", "-1", "1.5s", "99999999999999999999s", "18446744073709551615h"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
