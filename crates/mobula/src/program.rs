//! A program from its start: arguments, address, engine, exit code.

use std::ffi::OsString;
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

    /// Names every path among the arguments that a job should take along or bring back; see [`Files`].
    fn files(&mut self, files: &mut Files) {
        let _ = files;
    }
}

/// The arguments of a program that says nothing about them: `--address` is found, the rest is the program's affair.
pub struct AnyArguments(Option<String>);

impl Arguments for AnyArguments {
    fn parse() -> Result<Self, u8> {
        let mut args = args().into_iter().skip(1);
        while let Some(arg) = args.next().as_deref().and_then(|arg| arg.to_str()) {
            let address = match arg.strip_prefix("--address") {
                Some("") => args.next().and_then(|arg| arg.into_string().ok()),
                Some(rest) => rest.strip_prefix('=').map(str::to_string),
                None if arg == "--" => break,
                None => continue,
            };
            if address.is_some() {
                return Ok(AnyArguments(address));
            }
        }
        Ok(AnyArguments(None))
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
        let mut files = Files::of_process();
        args.files(&mut files);
        Ok(Parsed { address, files: files.declared(), main: Box::new(move |ray| main(ray, args).report()) })
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
    eprintln!("error: {}", crate::error::chain(error));
    let mut causes = std::iter::successors(Some(error), |e| e.source());
    if let Some(hint) =
        causes.find_map(|e| cluster::job_hint(e).or_else(|| e.downcast_ref::<crate::Error>()?.hint()))
    {
        eprintln!("\nhint: {hint}");
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
            eprintln!("error: {error}\n\nhint: it comes from --address, else from RAY_ADDRESS");
            return ExitCode::from(2);
        }
    };
    match address {
        Address::Local => {
            let ray = Ray::local(LocalConfig::default());
            (parsed.main)(&ray).into()
        }
        Address::Jobs(url) => match cluster::submit(definition, &url, parsed.files) {
            Ok(code) => code.into(),
            Err(error) => report_error(&*error).into(),
        },
        remote => report_error(&cluster::attach(definition, &remote)).into(),
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
