//! The cluster engine as the rest of the crate sees it.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use serde::Serialize;
use serde_json::json;

use super::host::{Host, host};
use super::remote_ref::RemoteRef;
use crate::actor::{ActorDef, ActorOptions, Creation, MethodOptions, MethodSubmission, RawActor};
use crate::codec::{Encoded, Encoder};
use crate::engine::{AnyValue, Engine, Fetched, RawRef, Submission};
use crate::placement::{GroupSpec, RawGroup};
use crate::task::{Arg, Demand, GATHER, INLINE, NEXT_REF, Options, Scheduling, TaskDef, references};
use crate::{Error, Node, Resources, Result, RuntimeContext};

/// A Ray cluster, by way of this process's host.
#[derive(Default)]
pub struct ClusterEngine {
    /// What the host has made of the kinds of calls so far.
    calls: Mutex<HashMap<CallKind, Arc<RemoteRef>>>,
    /// When the nodes' sizes were last looked at, and what they were.
    sizes: Mutex<Option<(Instant, Vec<Resources>)>>,
}

/// Calls of one kind differ in their arguments only.
#[derive(PartialEq, Eq, Hash)]
struct CallKind {
    what: &'static str,
    num_returns: Option<usize>,
    overrides: Option<String>,
}

/// What the host makes a callable of.
#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum CallSpec<'a> {
    Task { task: String, name: &'a str, num_returns: Option<usize>, options: &'a Options },
    Actor { actor: String, options: &'a ActorOptions },
    Method { method: &'a str, num_returns: Option<usize>, options: &'a MethodOptions },
}

/// What a call of a method begins with, as in `host/workers.py`: so a method tells Rust's calls from Python's.
pub(super) const FROM_RUST: &[u8] = b"\xc1mobula\0";

/// How many kinds of calls are kept: a program may give each call a name of its own.
const KINDS: usize = 1024;

/// How long the sizes of the nodes are taken as known.
const SIZES: Duration = Duration::from_secs(2);

impl ClusterEngine {
    /// What makes calls of a kind, defined where it is new.
    fn kind(&self, kind: CallKind, define: impl FnOnce() -> Result<RemoteRef>) -> Result<Arc<RemoteRef>> {
        if let Some(known) = self.calls.lock().get(&kind) {
            return Ok(known.clone());
        }
        let made = Arc::new(define()?);
        // What was there is dropped without the lock: the interpreter's may be waited for.
        let mut calls = self.calls.lock();
        let crowd = if calls.len() < KINDS { HashMap::new() } else { std::mem::take(&mut *calls) };
        let before = calls.insert(kind, made.clone());
        drop(calls);
        drop((before, crowd));
        Ok(made)
    }

    fn task_kind(
        &self,
        task: &'static TaskDef,
        overrides: Option<&Options>,
        num_returns: Option<usize>,
    ) -> Result<Arc<RemoteRef>> {
        let key = overrides.map(to_json).transpose()?;
        self.kind(CallKind { what: task.name, num_returns, overrides: key }, || {
            let options =
                overrides.map_or_else(|| task.options().clone(), |over| task.options().overridden_by(over));
            options.validate()?;
            check_env(&options)?;
            self.check_size(&options, &Demand::of(&options))?;
            let (name, options) = (task.name, &options);
            let spec = to_json(&CallSpec::Task { task: task.id(), name, num_returns, options })?;
            host()?.define(&spec, group_of(options))
        })
    }

    fn actor_kind(&self, actor: &'static ActorDef, options: &ActorOptions) -> Result<Arc<RemoteRef>> {
        let kind = CallKind { what: actor.name, num_returns: None, overrides: Some(to_json(options)?) };
        self.kind(kind, || {
            check_env(&options.base)?;
            self.check_size(&options.base, &Demand::of_actor(&options.base))?;
            let spec = to_json(&CallSpec::Actor { actor: actor.id(), options })?;
            host()?.define(&spec, group_of(&options.base))
        })
    }

    fn method_kind(&self, call: &MethodSubmission) -> Result<Arc<RemoteRef>> {
        let key = call.overrides.as_deref().map(to_json).transpose()?;
        let kind = CallKind { what: call.method.path, num_returns: call.num_returns, overrides: key };
        self.kind(kind, || {
            call.validate()?;
            let none = MethodOptions::default();
            let options = call.overrides.as_deref().unwrap_or(&none);
            let (method, num_returns) = (call.method.name, call.num_returns);
            host()?.define(&to_json(&CallSpec::Method { method, num_returns, options })?, None)
        })
    }

    /// Submits a call of a kind; `actor` is a method's.
    fn send(
        &self,
        kind: &RemoteRef,
        args: &[Arg],
        actor: Option<&RemoteRef>,
        num_returns: usize,
    ) -> Result<Vec<RemoteRef>> {
        let (message, refs) = message(args, if actor.is_some() { FROM_RUST } else { &[] })?;
        host()?.submit(kind, &message, &refs, actor, num_returns)
    }

    /// Ray lets a task that fits no node wait for ever; a fixed cluster will never have one.
    fn check_size(&self, options: &Options, demand: &Demand) -> Result<()> {
        // A placement group has its own, which Ray compares by itself.
        if matches!(options.scheduling, Some(Scheduling::PlacementGroup { .. })) {
            return Ok(());
        }
        if demand.is_one_cpu() && !self.calls.lock().is_empty()
            || std::env::var_os("MOBULA_WAIT_FOR_NODES").is_some()
        {
            return Ok(());
        }
        let mut sizes = self.sizes.lock();
        let nodes = match &mut *sizes {
            Some((at, nodes)) if at.elapsed() < SIZES => nodes,
            slot => {
                let nodes =
                    self.nodes()?.into_iter().filter(|node| node.alive).map(|node| node.resources).collect();
                &mut slot.insert((Instant::now(), nodes)).1
            }
        };
        if nodes.iter().any(|node| demand.fits(node)) {
            Ok(())
        } else {
            Err(Error::unschedulable(demand, nodes.iter()))
        }
    }

    /// Asks the host for something; JSON comes back.
    fn ask(&self, question: &serde_json::Value, about: Option<&RemoteRef>) -> Result<String> {
        Ok(host()?.query(&question.to_string(), about)?.0)
    }

    fn ask_for_object(&self, question: &serde_json::Value) -> Result<Arc<RemoteRef>> {
        let (_, object) = host()?.query(&question.to_string(), None)?;
        object.map(Arc::new).ok_or_else(|| Host::nonsense("an object"))
    }
}

/// The placement group that calls with these options go to.
fn group_of(options: &Options) -> Option<&RemoteRef> {
    match &options.scheduling {
        Some(Scheduling::PlacementGroup { group, .. }) => group.remote(),
        _ => None,
    }
}

/// Ray brings a folder to the nodes for a whole job only.
fn check_env(options: &Options) -> Result<()> {
    match options.runtime_env.as_ref().and_then(|env| env.working_dir.as_deref()) {
        Some(folder) if !folder.contains("://") => Err(Error::Invalid(format!(
            "working_dir = {folder}: on a cluster a single task's is the URI of a zip (s3://…, file://… that all nodes see); a \
             folder can be the whole job's: MOBULA_RUNTIME_ENV='{{\"working_dir\": \"{folder}\"}}'"
        ))),
        _ => Ok(()),
    }
}

fn to_json<T: Serialize + ?Sized>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|e| Error::Codec(format!("cannot write JSON: {e}")))
}

fn parse<T: serde::de::DeserializeOwned>(text: &str) -> Result<T> {
    serde_json::from_str(text)
        .map_err(|e| Error::Internal(format!("the host's answer is not what was asked for: {e}")))
}

fn object(given: RemoteRef) -> RawRef {
    RawRef::Remote(Arc::new(given))
}

/// The message with all arguments, and the references among them in the order in which the message names them.
fn message<'a>(args: &'a [Arg], begin: &[u8]) -> Result<(Encoded, Vec<&'a RawRef>)> {
    let (mut encoder, mut refs) = (Encoder::default(), Vec::new());
    encoder.data.extend_from_slice(begin);
    for arg in args {
        match arg {
            Arg::Value(value) => {
                encoder.data.push(INLINE);
                value.append_to(&mut encoder)?;
            }
            Arg::Ref(raw) => {
                encoder.data.push(NEXT_REF);
                refs.push(raw);
            }
            Arg::Gather(all, _) => {
                encoder.data.push(GATHER);
                let count = u32::try_from(all.len())
                    .map_err(|_| Error::Invalid("a list of 2^32 references".into()))?;
                encoder.data.extend(count.to_le_bytes());
                refs.extend(all);
            }
        }
    }
    Ok((encoder.finish(), refs))
}

impl Engine for ClusterEngine {
    fn submit(&self, call: Submission) -> Result<Vec<RawRef>> {
        if call.num_returns == Some(0) {
            return Err(Error::Invalid("num_returns = 0: a task makes at least one object".into()));
        }
        let kind = self.task_kind(call.task, call.overrides.as_deref(), call.num_returns)?;
        let returns = self.send(&kind, &call.args, None, call.num_returns.unwrap_or(1))?;
        Ok(returns.into_iter().map(object).collect())
    }

    fn spawn(&self, creation: Creation) -> Result<RawActor> {
        let options = creation.options()?;
        let kind = self.actor_kind(creation.actor, &options)?;
        let mut made = self.send(&kind, &creation.args, None, 1)?;
        let handle = made.pop().ok_or_else(|| Host::nonsense("an actor"))?;
        // Ray forgets the constructor's arguments when nobody holds them, and a restart then fails.
        let restarts = options.max_restarts.unwrap_or(0) != 0;
        let keeps = if restarts { references(&creation.args).cloned().collect() } else { Vec::new() };
        Ok(RawActor::Remote(Arc::new(handle.keeping(keeps))))
    }

    fn call(&self, call: MethodSubmission) -> Result<Vec<RawRef>> {
        let RawActor::Remote(actor) = &call.actor else { return Err(RawRef::foreign()) };
        let kind = self.method_kind(&call)?;
        let returns = self.send(&kind, &call.args, Some(actor), call.num_returns.unwrap_or(1))?;
        Ok(returns.into_iter().map(object).collect())
    }

    fn get_actor(&self, actor: &'static ActorDef, name: &str, namespace: Option<&str>) -> Result<RawActor> {
        let (marker, kind) = (actor.marker(), actor.name);
        let question =
            json!({"ask": "get_actor", "name": name, "namespace": namespace, "marker": marker, "type": kind});
        self.ask_for_object(&question).map(RawActor::Remote)
    }

    fn kill(&self, actor: &RawActor, no_restart: bool) -> Result<()> {
        let RawActor::Remote(actor) = actor else { return Err(RawRef::foreign()) };
        self.ask(&json!({"ask": "kill", "no_restart": no_restart}), Some(actor)).map(drop)
    }

    fn create_group(&self, spec: &GroupSpec) -> Result<RawGroup> {
        let sizes: Vec<Resources> =
            self.nodes()?.into_iter().filter(|node| node.alive).map(|node| node.resources).collect();
        spec.check(&sizes)?;
        let mut question = serde_json::to_value(spec).map_err(|e| Error::Codec(e.to_string()))?;
        question["ask"] = json!("create_group");
        self.ask_for_object(&question).map(RawGroup::Remote)
    }

    fn group_ready(&self, group: &RawGroup, timeout: Option<Duration>) -> Result<()> {
        let RawGroup::Remote(group) = group else { return Err(RawRef::foreign()) };
        let timeout = timeout.map(|timeout| timeout.as_secs_f64());
        self.ask(&json!({"ask": "group_ready", "timeout": timeout}), Some(group)).map(drop)
    }

    fn remove_group(&self, group: &RawGroup) -> Result<()> {
        let RawGroup::Remote(group) = group else { return Err(RawRef::foreign()) };
        // Calls in it are looked at anew, and refused then.
        let mark = format!("\"group\":{},", group.id());
        let inside = |kind: &CallKind| kind.overrides.as_ref().is_some_and(|over| over.contains(&mark));
        // Dropped without the lock: the interpreter's may be waited for.
        let removed: Vec<_> = self.calls.lock().extract_if(|kind, _| inside(kind)).collect();
        drop(removed);
        self.ask(&json!({"ask": "remove_group"}), Some(group)).map(drop)
    }

    fn context(&self) -> Result<RuntimeContext> {
        parse(&self.ask(&json!({"ask": "context"}), None)?)
    }

    fn env_var(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    fn working_dir(&self) -> Result<PathBuf> {
        std::env::current_dir().map_err(|e| Error::Internal(format!("no current folder: {e}")))
    }

    fn put(&self, value: AnyValue) -> Result<RawRef> {
        host()?.put(&value.encode()?).map(object)
    }

    fn get(
        &self,
        refs: &[&RawRef],
        timeout: Option<Duration>,
        each: &mut dyn FnMut(Fetched) -> Result<()>,
    ) -> Result<()> {
        if refs.is_empty() {
            return Ok(());
        }
        host()?.get(refs, timeout)?.into_iter().map(Fetched::Encoded).try_for_each(each)
    }

    fn wait(&self, refs: &[&RawRef], num_returns: usize, timeout: Option<Duration>) -> Result<Vec<bool>> {
        host()?.wait(refs, num_returns, timeout)
    }

    fn cancel(&self, object: &RawRef, force: bool) -> Result<()> {
        host()?.cancel(object, force)
    }

    fn check_cancelled(&self) -> Result<()> {
        self.ask(&json!({"ask": "check"}), None).map(drop)
    }

    fn nodes(&self) -> Result<Vec<Node>> {
        parse(&self.ask(&json!({"ask": "nodes"}), None)?)
    }

    fn available_resources(&self) -> Result<Resources> {
        parse(&self.ask(&json!({"ask": "available"}), None)?)
    }

    fn dashboard(&self) -> Result<Option<String>> {
        parse(&self.ask(&json!({"ask": "dashboard"}), None)?)
    }

    fn describe(&self) -> Result<String> {
        let nodes = self.nodes()?;
        let alive = nodes.iter().filter(|node| node.alive).count();
        let all = crate::Ray::total(&nodes);
        let amount = |name: &str| all.get(name).copied().unwrap_or(0.0);
        let gib = |name: &str| amount(name) / (1_u64 << 30) as f64;
        let dashboard = self.dashboard()?;
        Ok(format!(
            "This cluster consists of {alive} nodes, {} CPUs, {:.1} GiB of aggregate memory, {:.1} GiB of object \
             store.{}",
            amount("CPU"),
            gib("memory"),
            gib("object_store_memory"),
            dashboard.map_or(String::new(), |url| format!(" Its dashboard: {url}")),
        ))
    }

    fn is_local(&self) -> bool {
        false
    }
}
