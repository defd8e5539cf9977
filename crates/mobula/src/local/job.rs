//! A task whose arguments are known, on its way to a thread.

use std::sync::Arc;

use super::claim::Claim;
use super::entry::Entry;
use crate::engine::{Fetched, RawRef};
use crate::shared::Shared;
use crate::task::{Arg, Args, Made, Options, TaskDef, TaskFailure, catch};
use crate::{Error, Ray, Result};

/// A task to run.
pub(super) struct Job {
    pub(super) task: &'static TaskDef,
    pub(super) args: Vec<Arg>,
    pub(super) options: Effective,
    pub(super) num_returns: Option<usize>,
    pub(super) returns: Returns,
    /// `None` is one CPU and nothing else.
    pub(super) claim: Option<Arc<Claim>>,
    pub(super) attempts: u64,
}

/// The attribute's options, or those with what the call overrides.
pub(super) enum Effective {
    Static(&'static Options),
    Merged(Box<Options>),
}

impl std::ops::Deref for Effective {
    type Target = Options;
    fn deref(&self) -> &Options {
        match self {
            Effective::Static(options) => options,
            Effective::Merged(options) => options,
        }
    }
}

/// The objects that a task makes.
#[derive(Clone)]
pub(super) enum Returns {
    One(Arc<Entry>),
    Many(Vec<Arc<Entry>>),
}

impl Returns {
    pub(super) fn refs(&self) -> Vec<RawRef> {
        match self {
            Returns::One(entry) => vec![RawRef::Local(entry.clone())],
            Returns::Many(entries) => entries.iter().cloned().map(RawRef::Local).collect(),
        }
    }

    /// The entry that stands for the task: the first that somebody may still wait for.
    pub(super) fn first(&self) -> Option<&Arc<Entry>> {
        match self {
            Returns::One(entry) => Some(entry),
            Returns::Many(entries) => entries.first(),
        }
    }

    /// Places for what a call that asks for `num_returns` makes.
    pub(super) fn places(num_returns: Option<usize>) -> Result<Returns> {
        match num_returns {
            None => Ok(Returns::One(Arc::default())),
            Some(0) => Err(Error::Invalid("num_returns = 0: a task makes at least one object".into())),
            Some(n) => Ok(Returns::Many(Entry::family(n))),
        }
    }

    pub(super) fn complete(self, made: Result<Made>) {
        match (self, made) {
            (Returns::One(entry), Ok(Made::One(value))) => entry.complete(Ok(value.shared)),
            (Returns::Many(entries), Ok(Made::Many(values))) => {
                entries.into_iter().zip(values).for_each(|(entry, value)| entry.complete(Ok(value.shared)));
            }
            (returns, Err(error)) => returns.fail(&error),
            (returns, Ok(_)) => {
                returns.fail(&Error::Internal("a task made other objects than it was asked for".into()))
            }
        }
    }

    pub(super) fn fail(self, error: &Error) {
        match self {
            Returns::One(entry) => entry.complete(Err(error.clone())),
            Returns::Many(entries) => {
                entries.into_iter().for_each(|entry| entry.complete(Err(error.clone())))
            }
        }
    }
}

impl Job {
    pub(super) fn is_cancelled(&self) -> bool {
        self.returns.first().is_some_and(|entry| entry.is_cancelled())
    }

    /// Runs the task. Gives it back where it failed and may be tried again.
    pub(super) fn run(mut self, ray: &Ray) -> Option<Job> {
        let retry = self.options.retry_exceptions == Some(true) && self.attempts < self.options.retries();
        let args = if retry { self.args.clone() } else { std::mem::take(&mut self.args) };
        let (task, num_returns) = (self.task, self.num_returns);
        let outcome = resolve(args).map_err(TaskFailure::from).and_then(|args| {
            catch(|| (task.run)(ray, Args::shared(args))?.into_made(num_returns).map_err(TaskFailure::from))
        });
        if retry && outcome.is_err() && !self.is_cancelled() {
            self.attempts += 1;
            return Some(self);
        }
        self.returns.complete(outcome.map_err(|failure| failure.into_error(task.name)));
        None
    }
}

/// The values that arguments stand for, once all are there.
pub(super) fn resolve(args: Vec<Arg>) -> Result<Vec<Fetched>> {
    args.into_iter()
        .map(|arg| match arg {
            Arg::Value(value) => Ok(Fetched::Shared(value.shared)),
            Arg::Ref(raw) => shared(raw).map(Fetched::Shared),
            Arg::Gather(refs, collect) => {
                let values: Result<Vec<Fetched>> =
                    refs.into_iter().map(|raw| shared(raw).map(Fetched::Shared)).collect();
                collect(values?)
            }
        })
        .collect()
}

fn shared(raw: RawRef) -> Result<Shared> {
    let RawRef::Local(entry) = raw else { return Err(RawRef::foreign()) };
    entry
        .take()
        .unwrap_or_else(|| Err(Error::Internal("a task started before its arguments were there".into())))
}
