//! Networks of addresses.

use std::{fmt, net::IpAddr};

/// An IP address, or all of those that share its first bits.
///
/// An IPv4 address that is written as one of IPv6, as sockets for both do, is the IPv4 address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct IpBlock {
    /// The address, with zeros after the bits that are shared.
    address: IpAddr,
    bits: u8,
}

/// Why a text is no [`IpBlock`]; `Display` says it as Istio does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InvalidIpBlock {
    /// It is no address.
    Address(Box<str>),
    /// What is before the slash is no address, or what is after it no number of its bits.
    Range(Box<str>),
}

impl fmt::Display for InvalidIpBlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(text) => write!(f, "bad IP address ({text})"),
            Self::Range(text) => {
                write!(f, "bad CIDR range ({text}): write an address and a number of bits, as in 10.1.0.0/16")
            }
        }
    }
}

impl std::error::Error for InvalidIpBlock {}

impl IpBlock {
    /// Reads `10.1.2.3`, `10.1.0.0/16` or the same of IPv6. Bits after those that are shared do not matter.
    ///
    /// # Errors
    /// When it is neither.
    pub fn parse(text: &str) -> Result<Self, InvalidIpBlock> {
        let Some((address, bits)) = text.split_once('/') else {
            let address: IpAddr = text.parse().map_err(|_| InvalidIpBlock::Address(text.into()))?;
            let address = address.to_canonical();
            return Ok(Self { address, bits: width(address) });
        };
        let refuse = || InvalidIpBlock::Range(text.into());
        let address: IpAddr = address.parse().map_err(|_| refuse())?;
        let is_plain =
            bits.bytes().all(|byte| byte.is_ascii_digit()) && (bits.len() == 1 || !bits.starts_with('0'));
        let bits: u8 = bits.parse().ok().filter(|_| is_plain).ok_or_else(refuse)?;
        if bits > width(address) {
            return Err(refuse());
        }
        Ok(Self { address: masked(address, bits), bits })
    }

    /// The network of an address; `None` when addresses of its kind have fewer bits.
    #[must_use]
    pub fn of(address: IpAddr, bits: u8) -> Option<Self> {
        let address = address.to_canonical();
        (bits <= width(address)).then(|| Self { address: masked(address, bits), bits })
    }

    /// Whether an address is one of these.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        width(address) == width(self.address) && masked(address, self.bits) == self.address
    }

    /// The first of its addresses.
    #[must_use]
    pub fn address(&self) -> IpAddr {
        self.address
    }

    /// How many bits its addresses share.
    #[must_use]
    pub fn bits(&self) -> u8 {
        self.bits
    }
}

impl fmt::Display for IpBlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.bits == width(self.address) {
            return self.address.fmt(f);
        }
        write!(f, "{}/{}", self.address, self.bits)
    }
}

fn width(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

/// The address with zeros after its first bits.
fn masked(address: IpAddr, bits: u8) -> IpAddr {
    match address {
        IpAddr::V4(address) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(bits)).unwrap_or_default();
            IpAddr::V4((address.to_bits() & mask).into())
        }
        IpAddr::V6(address) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(bits)).unwrap_or_default();
            IpAddr::V6((address.to_bits() & mask).into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_holds_the_addresses_that_share_its_bits() {
        for (block, inside, outside) in [
            ("10.1.2.3", "10.1.2.3", "10.1.2.4"),
            ("10.1.2.3", "::ffff:10.1.2.3", "::10.1.2.3"),
            ("10.1.2.3/16", "10.1.255.0", "10.2.0.0"),
            ("192.168.4.0/23", "192.168.5.255", "192.168.6.0"),
            ("0.0.0.0/0", "1.2.3.4", "::1"),
            ("2001:db8::/32", "2001:db8:1::1", "2001:db9::"),
            ("::/0", "2001:db8::1", "1.2.3.4"),
        ] {
            let parsed = IpBlock::parse(block).unwrap();
            assert!(parsed.contains(inside.parse().unwrap()), "{block} {inside}");
            assert!(!parsed.contains(outside.parse().unwrap()), "{block} {outside}");
        }
        assert_eq!(IpBlock::parse("10.1.2.3/16").unwrap().to_string(), "10.1.0.0/16");
        assert_eq!(IpBlock::parse("::ffff:10.1.2.3").unwrap().to_string(), "10.1.2.3");
    }

    #[test]
    fn nonsense_is_no_block() {
        for text in
            ["", "ip1", "1.2.3", "1.2.3.4/33", "1.2.3.4/", "1.2.3.4/08", "1.2.3.4/+8", "::/129", "a/8"]
        {
            assert!(IpBlock::parse(text).is_err(), "{text}");
        }
    }
}
