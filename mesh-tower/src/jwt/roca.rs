//! Recognises RSA keys whose makers chose primes that can be found: CVE-2017-15361.
//!
//! Such primes are powers of 65537 modulo small primes, and so is their product. A modulus that is a power of 65537
//! modulo every one of these by chance is one in 2^27 or so.

/// Primes modulo which the powers of 65537 are few.
const PRIMES: [u32; 17] = [11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157];

/// Whether a modulus, in bytes from the most significant on, is one of those.
pub(super) fn is_weak(modulus: &[u8]) -> bool {
    PRIMES.iter().all(|prime| {
        let remainder = modulus.iter().fold(0, |rest, byte| (rest * 256 + u32::from(*byte)) % prime);
        is_power(65537 % prime, remainder, *prime)
    })
}

fn is_power(base: u32, wanted: u32, prime: u32) -> bool {
    let mut power = 1;
    for _ in 0..prime {
        if power == wanted {
            return true;
        }
        power = power * base % prime;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_of_65537_are_told_from_other_numbers() {
        let power = 65537_u128.pow(7);
        assert!(is_weak(&power.to_be_bytes()));
        assert!(!is_weak(&(power + 2).to_be_bytes()));
        assert!(!is_weak(&[0xff; 256]));
    }
}
