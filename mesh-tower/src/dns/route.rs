//! Which addresses this machine can reach at all.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

/// The addresses to which there is a route; all of them where there is none to any.
pub(super) fn reachable(addresses: Vec<IpAddr>) -> Vec<IpAddr> {
    // Nearly all names have addresses of one family.
    if addresses.iter().all(IpAddr::is_ipv4) {
        return addresses;
    }
    usable(addresses, has_route)
}

fn usable(addresses: Vec<IpAddr>, has_route: impl Fn(IpAddr) -> bool) -> Vec<IpAddr> {
    let usable: Vec<_> = addresses.iter().copied().filter(|address| has_route(*address)).collect();
    if usable.is_empty() { addresses } else { usable }
}

/// Whether the operating system knows the way to an address. Nothing is sent: this is how `getaddrinfo` finds out, too.
fn has_route(address: IpAddr) -> bool {
    let own: IpAddr = match address {
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    // Any port: 9 is that of the discard protocol.
    UdpSocket::bind((own, 0)).and_then(|socket| socket.connect(SocketAddr::new(address, 9))).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_reached_is_left_out_unless_nothing_can_be() {
        let addresses = ["192.0.2.1", "2001:db8::1", "192.0.2.2"].map(|text| text.parse::<IpAddr>().unwrap());
        let left = |has_route: fn(IpAddr) -> bool| usable(addresses.to_vec(), has_route);
        assert_eq!(left(|_| true), addresses);
        assert_eq!(left(|address| address.is_ipv4()), [addresses[0], addresses[2]]);
        assert_eq!(left(|address| address.is_ipv6()), [addresses[1]]);
        assert_eq!(left(|_| false), addresses);
    }

    #[test]
    fn this_machine_can_be_reached() {
        assert!(has_route([127, 0, 0, 1].into()));
    }
}
