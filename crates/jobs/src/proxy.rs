//! Which proxy leads to a dashboard, if any.
//!
//! As other programs have it: `http_proxy` is for `http://` and `https_proxy` for `https://`, else `all_proxy`, each in small or
//! large letters; `no_proxy` names hosts, domains, addresses and networks that none leads to. None leads to this machine's
//! own addresses.

use std::net::IpAddr;

/// A proxy, and the variable that names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    pub proxy: String,
    pub variable: String,
}

/// The proxy for an address that begins with `http://` or `https://`.
pub fn choose(address: &str, variable: impl Fn(&str) -> Option<String>) -> Option<Named> {
    let (scheme, rest) = address.split_once("://")?;
    let (host, port) = host_port(rest.split('/').next()?);
    if host == "localhost" || host.ends_with(".localhost") {
        return None;
    }
    if host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback()) {
        return None;
    }
    let set = |name: &str| {
        let both = [name.to_owned(), name.to_uppercase()];
        both.into_iter()
            .find_map(|name| Some((variable(&name).filter(|text| !text.trim().is_empty())?, name)))
    };
    let (proxy, variable) = set(&format!("{scheme}_proxy")).or_else(|| set("all_proxy"))?;
    let except = set("no_proxy").map(|(list, _)| list).unwrap_or_default();
    let direct = except.split([',', ' ']).map(str::trim).any(|entry| matches(entry, &host, port.as_deref()));
    (!direct).then(|| Named { proxy: proxy.trim().to_owned(), variable })
}

fn host_port(text: &str) -> (String, Option<String>) {
    let (host, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, rest)) => (host, rest.strip_prefix(':')),
        None => match text.rsplit_once(':') {
            // More than one colon is an address of IPv6.
            Some((host, port)) if !host.contains(':') => (host, Some(port)),
            _ => (text, None),
        },
    };
    (host.to_lowercase(), port.map(str::to_owned))
}

/// Whether an entry of `no_proxy` names the host.
fn matches(entry: &str, host: &str, port: Option<&str>) -> bool {
    if entry.is_empty() {
        return false;
    }
    if entry == "*" {
        return true;
    }
    if let (Some((network, bits)), Ok(ip)) = (entry.split_once('/'), host.parse::<IpAddr>()) {
        return in_network(network, bits, ip);
    }
    let (name, only) = host_port(entry);
    if only.is_some_and(|only| Some(only.as_str()) != port) {
        return false;
    }
    let name = name.trim_start_matches("*.").trim_start_matches('.');
    host == name || host.strip_suffix(name).is_some_and(|rest| rest.ends_with('.'))
}

fn in_network(network: &str, bits: &str, ip: IpAddr) -> bool {
    let (Ok(network), Ok(bits)) = (network.parse::<IpAddr>(), bits.parse::<u32>()) else { return false };
    let (a, b, size) = match (network, ip) {
        (IpAddr::V4(a), IpAddr::V4(b)) => (u128::from(a.to_bits()), u128::from(b.to_bits()), 32),
        (IpAddr::V6(a), IpAddr::V6(b)) => (a.to_bits(), b.to_bits(), 128),
        _ => return false,
    };
    bits <= size && (a ^ b).checked_shr(size - bits).unwrap_or(0) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(address: &str, variables: &[(&str, &str)]) -> Option<String> {
        let get =
            |name: &str| variables.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value).to_owned());
        choose(address, get).map(|named| named.variable)
    }

    #[test]
    fn a_proxy_is_for_its_own_scheme_and_not_for_this_machine() {
        let all = [("HTTPS_PROXY", "http://p:9"), ("http_proxy", "http://q:9")];
        assert_eq!(chosen("http://head:8265", &all[..1]), None);
        assert_eq!(chosen("https://head:8265", &all).as_deref(), Some("HTTPS_PROXY"));
        assert_eq!(chosen("http://head:8265/ray", &all).as_deref(), Some("http_proxy"));
        assert_eq!(chosen("http://head", &[("ALL_PROXY", "p:1")]).as_deref(), Some("ALL_PROXY"));
        for own in ["localhost:1", "127.0.0.1:8265", "127.8.8.8", "[::1]:8265"] {
            assert_eq!(chosen(&format!("http://{own}"), &all), None, "{own}");
        }
    }

    #[test]
    fn no_proxy_names_hosts_domains_addresses_and_networks() {
        let direct = |list: &str, host: &str| {
            chosen(&format!("http://{host}"), &[("http_proxy", "p:1"), ("no_proxy", list)]).is_none()
        };
        for (list, host) in [
            ("localhost, 10.0.0.7", "10.0.0.7:8265"),
            ("10.0.0.0/8", "10.9.9.9:8265"),
            ("fd00::/8", "[fd00::1]:8265"),
            (".example.com", "head.example.com"),
            ("example.com", "Head.Example.Com:8265"),
            ("*.example.com", "head.example.com"),
            ("head:8265", "head:8265"),
            ("*", "anything"),
            ("0.0.0.0/0", "10.1.2.3"),
        ] {
            assert!(direct(list, host), "{list} {host}");
        }
        for (list, host) in [
            ("10.0.0.0/16", "10.9.9.9:8265"),
            ("example.com", "badexample.com"),
            ("head:1", "head:8265"),
            ("", "head"),
            ("10.0.0.0/99, x/8", "10.0.0.1"),
        ] {
            assert!(!direct(list, host), "{list} {host}");
        }
    }
}
