//! Which host a request is for.

use http::{HeaderValue, Request, header::HOST, uri::Authority};

/// Has a request say one host, whoever looks at it: that of its address, where it has one and a header says another.
/// `false` when its headers say several, which each reader may take differently.
pub(super) fn settle<B>(request: &mut Request<B>) -> bool {
    let mut said = request.headers().get_all(HOST).iter();
    let (first, further) = (said.next(), said.next());
    if further.is_some() {
        return false;
    }
    let Some((said, authority)) = first.zip(request.uri().authority()) else { return true };
    let host = without_credentials(authority);
    if !said.as_bytes().eq_ignore_ascii_case(host.as_bytes())
        && let Ok(host) = HeaderValue::from_str(host)
    {
        request.headers_mut().insert(HOST, host);
    }
    true
}

fn without_credentials(authority: &Authority) -> &str {
    let text = authority.as_str();
    text.rsplit_once('@').map_or(text, |(_, host)| host)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settled(uri: &str, hosts: &[&str]) -> Option<Vec<String>> {
        let request = hosts.iter().fold(Request::get(uri), |request, host| request.header(HOST, *host));
        let mut request = request.body(()).unwrap();
        let texts = |request: &Request<()>| {
            let hosts = request.headers().get_all(HOST).iter();
            hosts.map(|host| host.to_str().unwrap().to_owned()).collect()
        };
        settle(&mut request).then(|| texts(&request))
    }

    #[test]
    fn the_host_of_the_address_is_that_of_the_header() {
        for (uri, hosts, expected) in [
            ("/", &[][..], Some(&[][..])),
            ("/", &["a"], Some(&["a"])),
            ("http://a/", &[], Some(&[])),
            ("http://a/", &["A"], Some(&["A"])),
            ("http://a/", &["b"], Some(&["a"])),
            ("http://a:80/", &["a"], Some(&["a:80"])),
            ("http://me:secret@a/", &["b"], Some(&["a"])),
            ("/", &["a", "a"], None),
            ("http://a/", &["a", "b"], None),
        ] {
            let expected = expected.map(|hosts| hosts.iter().map(ToString::to_string).collect());
            assert_eq!(settled(uri, hosts), expected, "{uri} {hosts:?}");
        }
    }
}
