//! A program from its start: arguments, address, engine, exit code.

use std::ffi::OsString;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::OnceLock;

use crate::address::Address;
use crate::files::{Declared, Files};
use crate::{LocalConfig, Ray, cluster};

/// What `#[mobula::main]` says of a program.
pub struct Definition {
    /// The package's name and version.
    pub name: &'static str,
    /// The library's crate name: `lib<name>.so` is what Ray's processes load.
    pub library: &'static str,
    /// Differs for every build of the library.
    pub build: &'static str,
    /// Reads the arguments.
    pub parse: fn() -> Result<Parsed, u8>,
}

/// A program whose arguments are read.
pub struct Parsed {
    pub(crate) address: Option<String>,
    pub(crate) token_file: Option<PathBuf>,
    pub(crate) files: Declared,
    pub(crate) main: Box<dyn FnOnce(&Ray) -> u8>,
}

/// The arguments of a program, for `#[mobula::main(args = Type)]`.
///
/// They are read twice on a cluster: by the executable, so that misuse is reported before anything is attached, and by the
/// driver.
pub trait Arguments: Sized + 'static {
    /// Reads [`args`].
    ///
    /// # Errors
    /// The exit code, once the user was told: 2 for misuse, 0 where help was asked for.
    fn parse() -> Result<Self, u8>;

    /// The cluster that the arguments name; where they name none, `RAY_ADDRESS` is asked.
    fn address(&self) -> Option<String>;

    /// The file with the token of the cluster at this address, where the program knows of one; else Ray's own places are looked at:
    /// `RAY_AUTH_TOKEN`, `RAY_AUTH_TOKEN_PATH`, `~/.ray/auth_token`.
    fn token_file(&self, address: &str) -> Option<PathBuf> {
        let _ = address;
        None
    }

    /// Names every path among the arguments that a job should take along or bring back; see [`Files`].
    fn files(&mut self, files: &mut Files) {
        let _ = files;
    }
}

/// The arguments of a program that says nothing about them: `--address` is found, the rest is the program's affair.
pub struct AnyArguments(Option<String>);

impl AnyArguments {
    /// Arguments need not be text; what is no text in an address makes it none that can be reached, and is shown as U+FFFD.
    fn find(mut args: impl Iterator<Item = OsString>) -> Result<AnyArguments, &'static str> {
        while let Some(arg) = args.next() {
            let arg = arg.to_string_lossy();
            let address = match arg.strip_prefix("--address") {
                Some("") => args.next().ok_or("--address wants an address")?.to_string_lossy().into_owned(),
                Some(rest) if rest.starts_with('=') => rest[1..].to_owned(),
                None if arg == "--" => break,
                _ => continue,
            };
            return Ok(AnyArguments(Some(address)));
        }
        Ok(AnyArguments(None))
    }
}

impl Arguments for AnyArguments {
    fn parse() -> Result<Self, u8> {
        AnyArguments::find(args().into_iter().skip(1)).map_err(|missing| {
            let _ = writeln!(std::io::stderr(), "error: {missing}\n\nhint: HOST:PORT, for example");
            2
        })
    }

    fn address(&self) -> Option<String> {
        self.0.clone()
    }
}

impl Parsed {
    /// For the macro: reads the arguments and binds them to the program's `main`.
    ///
    /// # Errors
    /// The exit code, once the user was told.
    pub fn new<A: Arguments, O: ExitStatus + 'static>(main: fn(&Ray, A) -> O) -> Result<Parsed, u8> {
        let mut args = A::parse()?;
        let address = args.address();
        let wanted = address.clone().or_else(|| std::env::var("RAY_ADDRESS").ok()).unwrap_or_default();
        let token_file = args.token_file(&wanted);
        let mut files = Files::of_process();
        args.files(&mut files);
        Ok(Parsed {
            address,
            token_file,
            files: files.declared(),
            main: Box::new(move |ray| main(ray, args).report()),
        })
    }
}

/// What a program's `main` may return.
pub trait ExitStatus {
    /// Tells the user of an error, and gives the exit code.
    fn report(self) -> u8;
}

impl ExitStatus for () {
    fn report(self) -> u8 {
        0
    }
}

impl ExitStatus for u8 {
    fn report(self) -> u8 {
        self
    }
}

impl<T: ExitStatus, E: Into<Box<dyn std::error::Error + Send + Sync>>> ExitStatus for Result<T, E> {
    fn report(self) -> u8 {
        self.map_or_else(|error| report_error(&*error.into()), T::report)
    }
}

/// Prints an error with its causes, and the hint if one of them has one; the exit code for it.
pub fn report_error(error: &(dyn std::error::Error + 'static)) -> u8 {
    // Where nobody reads standard error there is nobody to tell.
    let tell = |line: String| drop(std::io::stderr().write_all(line.as_bytes()));
    tell(format!("error: {}\n", crate::error::chain(error)));
    let mut causes = std::iter::successors(Some(error), |e| e.source());
    if let Some(hint) =
        causes.find_map(|e| cluster::job_hint(e).or_else(|| e.downcast_ref::<crate::Error>()?.hint()))
    {
        tell(format!("\nhint: {hint}\n"));
    }
    1
}

static ARGS: OnceLock<Vec<OsString>> = OnceLock::new();

/// The program's arguments, its name first: those of `std::env::args_os`, except that on a cluster the process's own are
/// Python's.
pub fn args() -> Vec<OsString> {
    ARGS.get().cloned().unwrap_or_else(|| std::env::args_os().collect())
}

/// Runs a program from its executable: embedded, or by turning into the host of its library.
pub fn run(definition: &'static Definition) -> ExitCode {
    let parsed = match (definition.parse)() {
        Ok(parsed) => parsed,
        Err(code) => return code.into(),
    };
    let address = match Address::choose(parsed.address.as_deref()) {
        Ok(address) => address,
        Err(error) => {
            let hint = "it comes from --address, else from RAY_ADDRESS";
            let _ = writeln!(std::io::stderr(), "error: {error}\n\nhint: {hint}");
            return ExitCode::from(2);
        }
    };
    match address {
        Address::Local => {
            let ray = Ray::local(LocalConfig::default());
            (parsed.main)(&ray).into()
        }
        Address::Jobs(url) => {
            match cluster::submit(definition, &url, parsed.files, parsed.token_file.as_deref()) {
                Ok(code) => code.into(),
                Err(error) => report_error(&*error).into(),
            }
        }
        remote => report_error(&cluster::attach(definition, &remote, parsed.token_file.as_deref())).into(),
    }
}

/// Runs a program as the driver that the host has made of it.
pub(crate) fn run_hosted(definition: &'static Definition, ray: &Ray, args: Vec<OsString>) -> i32 {
    let _ = ARGS.set(args);
    match (definition.parse)() {
        Ok(parsed) => (parsed.main)(ray).into(),
        Err(code) => code.into(),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStringExt as _;

    use super::*;

    /// A file whose name was no UTF-8 hid the address that came after it: the program ran embedded.
    #[test]
    fn an_address_is_found_behind_arguments_that_are_no_text() {
        let find = |args: &[&[u8]]| {
            let args = args.iter().map(|arg| OsString::from_vec(arg.to_vec()));
            AnyArguments::find(args).map(|found| found.0)
        };
        let some = |address: &str| Ok(Some(address.to_owned()));
        assert_eq!(find(&[b"\xff", b"--address", b"nonsense"]), some("nonsense"));
        assert_eq!(find(&[b"a\xff", b"--address=h:1"]), some("h:1"));
        assert_eq!(find(&[b"--address", b"h\xff:1"]), some("h\u{fffd}:1"));
        assert_eq!(find(&[b"--addresses", b"--", b"--address", b"x"]), Ok(None));
        assert_eq!(find(&[b"x", b"--address"]), Err("--address wants an address"));
        assert!(Address::choose(Some("h\u{fffd}")).is_err());
    }
}
