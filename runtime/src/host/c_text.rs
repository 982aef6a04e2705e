//! Text in the structures of a kernel.

use std::ffi::{CStr, c_char};

/// The text of a field, which need not end in a zero.
pub(crate) fn c_text(field: &[c_char]) -> String {
    let bytes: Vec<u8> = field.iter().map(|c| c.cast_unsigned()).chain([0]).collect();
    CStr::from_bytes_until_nul(&bytes).unwrap_or_default().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use std::ffi::c_char;

    use super::c_text;

    #[test]
    fn a_field_is_full_or_ends_at_a_zero() {
        let field = |text: &[u8]| text.iter().map(|byte| *byte as c_char).collect::<Vec<_>>();
        for (text, is) in [(b"full".as_slice(), "full"), (b"a\0b", "a"), (b"", ""), (b"\0", ""), ("ü".as_bytes(), "ü")]
        {
            assert_eq!(c_text(&field(text)), is);
        }
    }
}
