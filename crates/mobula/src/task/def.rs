//! What the engines know of a task's function, and the registry that finds it by name.

use std::collections::HashMap;
use std::sync::OnceLock;

use super::{Args, Options, TaskFailure};
use crate::engine::AnyValue;
use crate::{Error, Ray, Result, Value};

/// A function that `#[mobula::task]` made a task.
pub struct TaskDef {
    /// `crate::module::function`.
    pub name: &'static str,
    /// The parameters' and the return value's types as they stand in the source.
    pub signature: &'static str,
    /// What people are told of it.
    pub about: About,
    /// Runs the function on its arguments.
    pub run: for<'a> fn(&Ray, Args<'a>) -> Result<Output, TaskFailure>,
    /// What the attribute says.
    pub make_options: fn() -> Options,
    /// `make_options`, once, and whether they are the defaults.
    pub options: OnceLock<(Options, bool)>,
}

/// What a function looks like, for callers in other languages.
#[derive(serde::Serialize)]
pub struct About {
    /// The parameters, each with the type of its value.
    pub parameters: &'static [(&'static str, &'static str)],
    /// The type that is returned.
    pub returns: &'static str,
    /// The documentation comment.
    pub documentation: &'static str,
}

inventory::collect!(&'static TaskDef);

impl TaskDef {
    pub(crate) fn options(&self) -> &Options {
        &self.made_options().0
    }

    /// Whether the attribute asks for nothing special.
    pub(crate) fn is_plain(&self) -> bool {
        self.made_options().1
    }

    fn made_options(&self) -> &(Options, bool) {
        self.options.get_or_init(|| {
            let options = (self.make_options)();
            let plain = options == Options::default();
            (options, plain)
        })
    }

    /// What a worker is asked for: the name, and a hash of the signature so that old callers are refused.
    pub fn id(&self) -> String {
        format!("{}#{:016x}", self.name, fnv(self.signature))
    }
}

/// FNV-1a: short, stable over versions and machines, and enough to notice a changed signature.
pub(crate) fn fnv(text: &str) -> u64 {
    text.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Takes a value that is a `Vec` apart.
pub type Split = fn(AnyValue) -> Result<Vec<AnyValue>>;

/// What a task's function returned: a value that may be taken apart into `n` objects.
pub struct Output {
    value: AnyValue,
    split: Option<Split>,
}

impl Output {
    /// For the macro: a value, with the way to split it that [`SplitProbe`] found.
    pub fn new<T: Value>(value: T, split: Option<Split>) -> Self {
        Output { value: AnyValue::new(value), split }
    }

    /// The objects that the call asked for.
    pub(crate) fn into_made(self, num_returns: Option<usize>) -> Result<Made> {
        let Some(expected) = num_returns else { return Ok(Made::One(self.value)) };
        let split =
            self.split.ok_or_else(|| Error::Internal("num_returns on a task that returns no Vec".into()))?;
        let parts = split(self.value)?;
        if parts.len() != expected {
            return Err(Error::Invalid(format!(
                "the call asked for num_returns = {expected}, the task returned a Vec of {}",
                parts.len()
            )));
        }
        Ok(Made::Many(parts))
    }
}

/// What one call of a task made. Most make one object, for which no list is worth building.
pub(crate) enum Made {
    One(AnyValue),
    Many(Vec<AnyValue>),
}

/// Finds out whether a task's return type is a `Vec` of values: an inherent method wins over the trait's.
pub struct SplitProbe<T>(pub std::marker::PhantomData<T>);

impl<T: Value> SplitProbe<Vec<T>> {
    /// How to take this `Vec` apart.
    pub fn splitter(&self) -> Option<Split> {
        Some(|value| {
            let all: Vec<T> = value.shared.into_owned()?;
            Ok(all.into_iter().map(AnyValue::new).collect())
        })
    }
}

/// The other side of [`SplitProbe`].
pub trait NoSplit {
    /// There is none.
    fn splitter(&self) -> Option<Split> {
        None
    }
}

impl<T> NoSplit for SplitProbe<T> {}

/// Every task that is linked into this program, by id.
///
/// # Errors
/// [`Invalid`](Error::Invalid), where two tasks have the same name: neither could be told from the other on a worker.
pub fn registered() -> Result<&'static HashMap<String, &'static TaskDef>> {
    static REGISTRY: OnceLock<Result<HashMap<String, &'static TaskDef>>> = OnceLock::new();
    REGISTRY
        .get_or_init(|| {
            let mut names = HashMap::new();
            let mut tasks = HashMap::new();
            for &def in inventory::iter::<&'static TaskDef> {
                if names.insert(def.name, def.signature).is_some() {
                    return Err(Error::Invalid(format!(
                        "two tasks are called {}: give one of them another name or module",
                        def.name
                    )));
                }
                tasks.insert(def.id(), def);
            }
            Ok(tasks)
        })
        .as_ref()
        .map_err(Clone::clone)
}

/// The task with this id.
///
/// # Errors
/// [`Invalid`](Error::Invalid), saying whether the name is unknown or its signature has changed.
pub fn find(id: &str) -> Result<&'static TaskDef> {
    let tasks = registered()?;
    if let Some(def) = tasks.get(id) {
        return Ok(def);
    }
    let name = id.rsplit_once('#').map_or(id, |(name, _)| name);
    let why = match tasks.values().find(|def| def.name == name) {
        Some(def) => format!("its signature here is `{}`, not the caller's", def.signature),
        None => "no such task is linked into this program".into(),
    };
    Err(Error::Invalid(format!("task {name}: {why}")))
}
