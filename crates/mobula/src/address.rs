//! Where a program attaches, as Ray writes it.

use crate::{Error, Result};

/// What `--address` or `RAY_ADDRESS` names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// This process.
    Local,
    /// The cluster that was started last on this machine.
    Auto,
    /// A cluster's head, `host:6379`: for drivers on one of its machines.
    Head(String),
    /// A Ray Client server, `ray://host:10001`.
    Client(String),
    /// A dashboard, `http://host:8265`: the program is submitted as a Ray job.
    Jobs(String),
}

impl Address {
    /// The address that was given, else `RAY_ADDRESS`, else this process.
    ///
    /// # Errors
    /// [`Error::Invalid`] for what is no address.
    pub fn choose(given: Option<&str>) -> Result<Address> {
        match given {
            Some(text) => Address::parse(text),
            None => Address::parse(&std::env::var_os("RAY_ADDRESS").unwrap_or_default().to_string_lossy()),
        }
    }

    /// Reads an address.
    ///
    /// ```
    /// use mobula::Address;
    /// assert_eq!(Address::parse("ray://head:10001")?, Address::Client("head:10001".into()));
    /// assert!(Address::parse("head").is_err());
    /// # Ok::<(), mobula::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Invalid`] for what is no address.
    pub fn parse(text: &str) -> Result<Address> {
        let text = text.trim();
        Ok(match text {
            "" | "local" => Address::Local,
            "auto" => Address::Auto,
            _ if text.starts_with("http://") || text.starts_with("https://") => Address::Jobs(text.into()),
            _ => match text.strip_prefix("ray://") {
                Some(rest) => Address::Client(host_port(rest, text)?),
                None => Address::Head(host_port(text, text)?),
            },
        })
    }
}

fn host_port(rest: &str, whole: &str) -> Result<String> {
    let valid = rest.rsplit_once(':').is_some_and(|(host, port)| {
        !host.is_empty() && !host.contains(['/', ' ']) && port.parse::<u16>().is_ok_and(|port| port > 0)
    });
    if valid {
        return Ok(rest.into());
    }
    Err(Error::Invalid(format!(
        "`{whole}` is no address: it is local, auto, HOST:PORT, ray://HOST:PORT or http://HOST:PORT"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_told_apart() {
        let read = |text: &str| Address::parse(text).unwrap();
        assert_eq!(read(""), Address::Local);
        assert_eq!(read("local"), Address::Local);
        assert_eq!(read("auto"), Address::Auto);
        assert_eq!(read("10.0.0.1:6379"), Address::Head("10.0.0.1:6379".into()));
        assert_eq!(read("[::1]:6379"), Address::Head("[::1]:6379".into()));
        assert_eq!(read("ray://h:1"), Address::Client("h:1".into()));
        assert_eq!(read("https://h"), Address::Jobs("https://h".into()));
    }

    #[test]
    fn anything_else_is_refused_by_name() {
        for text in ["head", "head:", ":1", "head:0", "head:70000", "ray://head", "a b:1", "ftp://x:1"] {
            let error = Address::parse(text).unwrap_err().to_string();
            assert!(error.contains(text) && error.contains("HOST:PORT"), "{error}");
        }
    }
}
