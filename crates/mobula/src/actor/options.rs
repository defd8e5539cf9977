//! What an actor asks for: Ray's options, in the attribute and at the call.

use serde::Serialize;

use super::ActorDef;
use crate::task::Options;
use crate::{Error, Result};

/// How long an actor lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Lifetime {
    /// As long as a handle to it, and no longer than the job: Ray's default.
    NonDetached,
    /// Until it is killed, or the cluster ends; on the local engine, until the process does.
    Detached,
}

/// Ray's actor options. `None` means "as the attribute says", and there "as Ray's default is".
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct ActorOptions {
    /// Resources, scheduling and the runtime environment, as a task has them, held as long as the actor lives; and its name, by which
    /// [`Ray::get_actor`](crate::Ray::get_actor) finds it. `num_cpus` is 0 unless said otherwise.
    #[serde(flatten)]
    pub base: Options,
    /// Where the name stands: jobs see those of their own namespace unless they name another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// How long it lives.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lifetime: Option<Lifetime>,
    /// How often it is started again after it died: 0 unless said otherwise, -1 for ever. Its state begins anew.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_restarts: Option<i64>,
    /// How often a call is tried again that was lost with the actor: 0 unless said otherwise, -1 for ever.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_task_retries: Option<i64>,
    /// How many calls may run at once: 1 unless said otherwise. More than one needs methods that all take `&self`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_concurrency: Option<usize>,
    /// Whether a live actor of the same name is taken in place of a new one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub get_if_exists: Option<bool>,
}

impl ActorOptions {
    /// These options, with everything that `over` sets put in their place.
    pub fn overridden_by(&self, over: &ActorOptions) -> ActorOptions {
        ActorOptions {
            base: self.base.overridden_by(&over.base),
            namespace: over.namespace.clone().or_else(|| self.namespace.clone()),
            lifetime: over.lifetime.or(self.lifetime),
            max_restarts: over.max_restarts.or(self.max_restarts),
            max_task_retries: over.max_task_retries.or(self.max_task_retries),
            max_concurrency: over.max_concurrency.or(self.max_concurrency),
            get_if_exists: over.get_if_exists.or(self.get_if_exists),
        }
    }

    /// Refuses what no engine can honour.
    ///
    /// # Errors
    /// [`Invalid`](Error::Invalid), naming the option, its value and the allowed range.
    pub fn validate(&self, actor: &ActorDef) -> Result<()> {
        let invalid = |text: String| Err(Error::Invalid(text));
        self.base.validate()?;
        for (name, n) in [("max_restarts", self.max_restarts), ("max_task_retries", self.max_task_retries)] {
            if let Some(n) = n
                && n < -1
            {
                return invalid(format!("{name} = {n}: it is -1 (for ever), 0 or more"));
            }
        }
        match (self.max_concurrency, actor.exclusive_method()) {
            (Some(0), _) => return invalid("max_concurrency = 0: it is 1 or more".into()),
            (Some(2..), Some(method)) => {
                return invalid(format!(
                    "max_concurrency is for actors whose methods all take `&self`, and {} takes `&mut self`",
                    method.path
                ));
            }
            _ => {}
        }
        if self.base.name.as_deref() == Some("") {
            return invalid("an actor's name cannot be empty".into());
        }
        if self.base.name.is_none() && self.get_if_exists == Some(true) {
            return invalid("get_if_exists finds an actor by its name, and this one has none".into());
        }
        Ok(())
    }

    pub(crate) fn concurrency(&self) -> usize {
        self.max_concurrency.unwrap_or(1)
    }

    pub(crate) fn is_detached(&self) -> bool {
        self.lifetime == Some(Lifetime::Detached)
    }
}

/// Once less; for ever stays for ever.
pub(crate) fn less(times: u64) -> u64 {
    if times == u64::MAX { times } else { times.saturating_sub(1) }
}

/// How often, where -1 is for ever.
pub(crate) fn times(n: Option<i64>) -> u64 {
    u64::try_from(n.unwrap_or(0)).unwrap_or(u64::MAX)
}
