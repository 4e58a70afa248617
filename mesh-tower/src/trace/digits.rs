//! Hexadecimal digits, read and written.

/// The number that some digits write; `None` when one is no digit, or there are none or more than 32.
pub(super) fn number(digits: &[u8]) -> Option<u128> {
    if digits.is_empty() || digits.len() > 32 {
        return None;
    }
    digits.iter().try_fold(0, |number, digit| Some(number << 4 | u128::from(value(*digit)?)))
}

/// The same, of digits that have no capital letters.
pub(super) fn lower_number(digits: &[u8]) -> Option<u128> {
    number(digits).filter(|_| !digits.iter().any(u8::is_ascii_uppercase))
}

fn value(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

/// Fills `place` with the last digits of a number.
pub(super) fn write(mut number: u128, place: &mut [u8]) {
    for digit in place.iter_mut().rev() {
        *digit = b"0123456789abcdef"[(number & 15) as usize];
        number >>= 4;
    }
}
