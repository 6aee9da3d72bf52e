//! Where a call comes from: its address behind proxies that are trusted, the network of that, and what the client calls
//! itself.

use std::{
    convert::Infallible,
    fmt,
    net::{IpAddr, Ipv6Addr, SocketAddr},
    task::{Context, Poll},
};

use http::{Extensions, HeaderMap, Request, Response, header::USER_AGENT};
use tonic::{body::Body, transport::server::TcpConnectInfo};
use tower::{Layer, Service};

use crate::throttle::Key;

/// Metadata to which a proxy appends the address that it was called from.
const FORWARDED_FOR: &str = "x-forwarded-for";
/// Longest user agent that is kept, in characters.
pub const MAX_USER_AGENT: usize = 256;
/// Bits of an IPv6 address that name a network: what one customer has at least (RFC 6177, section 2).
const NETWORK_BITS: u32 = 64;

/// The address that a call comes from, in the extensions of every request. An IPv4 address is one in whatever form it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer(IpAddr);

impl Peer {
    /// A peer with this address.
    pub const fn new(address: IpAddr) -> Self {
        Self(address.to_canonical())
    }

    /// The peer of the call that these extensions belong to; none outside of a server.
    pub fn of(extensions: &Extensions) -> Option<Self> {
        extensions.get().copied()
    }

    /// The address.
    pub const fn address(self) -> IpAddr {
        self.0
    }

    /// What the address counts as.
    pub const fn network(self) -> Network {
        Network::of(self.0)
    }

    /// The peer of a call that came over TCP from `connected`, through so many proxies that are trusted: each of them has
    /// appended the address that it was called from. What stands before that, anyone can have written.
    ///
    /// Without such an entry, or with one that is no address, the call did not come through all of them: the address that
    /// is connected counts.
    fn behind(trusted_proxies: u8, connected: IpAddr, headers: &HeaderMap) -> Self {
        let forwarded = match trusted_proxies {
            0 => None,
            proxies => forwarded(headers, usize::from(proxies)),
        };
        Self::new(forwarded.unwrap_or(connected))
    }
}

/// The address that stands at this place from the end, counted from 1, of all that was forwarded.
fn forwarded(headers: &HeaderMap, from_end: usize) -> Option<IpAddr> {
    let values = headers.get_all(FORWARDED_FOR).iter();
    let entries: Vec<&[u8]> = values
        .flat_map(|value| value.as_bytes().split(|b| *b == b','))
        .collect();
    let entry = entries.get(entries.len().checked_sub(from_end)?)?;
    address(std::str::from_utf8(entry).ok()?.trim_matches([' ', '\t']))
}

/// An address as proxies write it: alone, in brackets, or with a port.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let alone = bare.map_or_else(|| text.parse().ok(), |bare| bare.parse().ok().map(IpAddr::V6));
    alone.or_else(|| text.parse().ok().map(|address: SocketAddr| address.ip()))
}

/// Whom an address is counted as: the IPv4 address, or the IPv6 /64 that holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Network(IpAddr);

impl Network {
    /// The network of this address.
    pub const fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V6(v6) => {
                let prefix = v6.to_bits() >> NETWORK_BITS << NETWORK_BITS;
                Self(IpAddr::V6(Ipv6Addr::from_bits(prefix)))
            }
            v4 @ IpAddr::V4(_) => Self(v4),
        }
    }

    /// What callers from one network are counted by; all of unknown address count as one.
    pub fn key(kind: &'static str, network: Option<Self>) -> Key {
        let network = network.map_or_else(String::new, |network| network.to_string());
        Key::of(kind, &[network.as_bytes()])
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            IpAddr::V4(v4) => v4.fmt(f),
            IpAddr::V6(v6) => write!(f, "{v6}/{NETWORK_BITS}"),
        }
    }
}

/// What the client calls itself: its `user-agent`, printable ASCII alone and at most [`MAX_USER_AGENT`] characters; empty
/// when it does not say.
pub fn user_agent(headers: &HeaderMap) -> String {
    let value = headers.get(USER_AGENT).map_or(&[][..], |value| value.as_bytes());
    let printable = value.iter().copied().filter(|b| matches!(b, b' '..=b'~'));
    let text: String = printable.map(char::from).take(MAX_USER_AGENT).collect();
    text.trim().to_owned()
}

/// Puts the [`Peer`] into every request.
#[derive(Clone, Copy, Debug)]
pub struct PeerLayer {
    trusted_proxies: u8,
}

impl PeerLayer {
    /// A layer for a server with so many proxies before it; without any, `x-forwarded-for` is not looked at.
    pub const fn new(trusted_proxies: u8) -> Self {
        Self { trusted_proxies }
    }
}

impl<S> Layer<S> for PeerLayer {
    type Service = WithPeer<S>;

    fn layer(&self, inner: S) -> WithPeer<S> {
        WithPeer { inner, layer: *self }
    }
}

/// The service that [`PeerLayer`] makes.
#[derive(Clone, Debug)]
pub struct WithPeer<S> {
    inner: S,
    layer: PeerLayer,
}

impl<S> Service<Request<Body>> for WithPeer<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let connection = request.extensions().get::<TcpConnectInfo>();
        let connected = connection.and_then(TcpConnectInfo::remote_addr);
        if let Some(connected) = connected {
            let peer = Peer::behind(self.layer.trusted_proxies, connected.ip(), request.headers());
            request.extensions_mut().insert(peer);
        }
        self.inner.call(request)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    const CONNECTED: &str = "192.0.2.1";

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn seen(trusted_proxies: u8, forwarded: &[&[u8]]) -> String {
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append(FORWARDED_FOR, HeaderValue::from_bytes(value).unwrap());
        }
        Peer::behind(trusted_proxies, ip(CONNECTED), &headers)
            .address()
            .to_string()
    }

    #[test]
    fn without_trusted_proxies_the_connection_alone_counts() {
        for forwarded in [
            &[][..],
            &[&b"203.0.113.7"[..]],
            &[&b"203.0.113.7, 198.51.100.9"[..], b"1.2.3.4"],
        ] {
            assert_eq!(seen(0, forwarded), CONNECTED);
        }
    }

    #[test]
    fn each_trusted_proxy_is_one_entry_from_the_end() {
        let forwarded: &[&[u8]] = &[b"1.1.1.1, 2.2.2.2", b"3.3.3.3", b"4.4.4.4 ,\t5.5.5.5 "];
        for (proxies, address) in [
            (1, "5.5.5.5"),
            (2, "4.4.4.4"),
            (3, "3.3.3.3"),
            (4, "2.2.2.2"),
            (5, "1.1.1.1"),
        ] {
            assert_eq!(seen(proxies, forwarded), address);
        }
        assert_eq!(seen(6, forwarded), CONNECTED);
        assert_eq!(seen(1, &[]), CONNECTED);
    }

    #[test]
    fn what_is_no_address_counts_as_the_connection() {
        for entry in [
            "",
            " ",
            "unknown",
            "_hidden",
            "1.2.3",
            "1.2.3.4.5",
            "01.2.3.4",
            "[1.2.3.4]",
            "fe80::1%eth0",
            "[::1",
            "::1]",
        ] {
            assert_eq!(
                seen(1, &[b"203.0.113.7", entry.as_bytes()]),
                CONNECTED,
                "{entry:?}"
            );
        }
        assert_eq!(
            seen(1, &[b"\xff, 203.0.113.7"]),
            "203.0.113.7",
            "what anyone wrote does not matter"
        );
        assert_eq!(seen(1, &[b"203.0.113.7, \xff"]), CONNECTED);
    }

    #[test]
    fn addresses_are_read_as_proxies_write_them() {
        for (entry, address) in [
            ("203.0.113.7", "203.0.113.7"),
            ("203.0.113.7:4711", "203.0.113.7"),
            ("::ffff:203.0.113.7", "203.0.113.7"),
            ("[::ffff:203.0.113.7]:4711", "203.0.113.7"),
            ("2001:db8::1", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("[2001:DB8:0::1]:4711", "2001:db8::1"),
        ] {
            assert_eq!(seen(1, &[entry.as_bytes()]), address);
        }
    }

    #[test]
    fn a_thousand_spoofed_headers_are_one_network() {
        let spoofed = |number: u32| format!("10.0.{}.{}", number / 256, number % 256);
        let networks = |proxies, appended: &str| -> HashSet<String> {
            let each = (0..1_000)
                .map(|number| seen(proxies, &[format!("{}{appended}", spoofed(number)).as_bytes()]));
            each.map(|address| Network::of(ip(&address)).to_string())
                .collect()
        };
        assert_eq!(networks(0, ""), HashSet::from([CONNECTED.to_owned()]));
        assert_eq!(
            networks(1, ", 203.0.113.7"),
            HashSet::from(["203.0.113.7".to_owned()])
        );
    }

    #[test]
    fn a_network_is_an_ipv4_address_or_an_ipv6_64() {
        for (address, network) in [
            ("192.0.2.1", "192.0.2.1"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
            ("2001:db8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:2::/64"),
            ("2001:db8:1:3::", "2001:db8:1:3::/64"),
            ("::1", "::/64"),
        ] {
            assert_eq!(Network::of(ip(address)).to_string(), network);
            assert_eq!(Peer::new(ip(address)).network(), Network::of(ip(address)));
        }
    }

    fn agent(value: &[u8]) -> String {
        let mut headers = HeaderMap::new();
        headers.insert(USER_AGENT, HeaderValue::from_bytes(value).unwrap());
        user_agent(&headers)
    }

    #[test]
    fn a_user_agent_is_short_and_printable() {
        assert_eq!(user_agent(&HeaderMap::new()), "");
        assert_eq!(agent(b"grpcurl/1.9 grpc-go/1.61"), "grpcurl/1.9 grpc-go/1.61");
        assert_eq!(agent(b"  a\tb\xc3\xa4\xff c "), "ab c");
        assert_eq!(agent(&[b'x'; 1_000]), "x".repeat(MAX_USER_AGENT));
    }

    proptest! {
        #[test]
        fn any_metadata_is_read_without_a_panic(
            value in prop::collection::vec(prop_oneof![Just(b'\t'), 0x20..0x7f_u8, 0x80..=0xff_u8], 0..80),
            proxies in 0..=16_u8,
        ) {
            let _ = seen(proxies, &[&value]);
            let agent = agent(&value);
            prop_assert!(agent.bytes().all(|b| (b' '..=b'~').contains(&b)));
        }
    }
}
