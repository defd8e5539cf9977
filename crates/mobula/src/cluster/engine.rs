//! The cluster engine as the rest of the crate sees it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use serde::Serialize;

use super::host::host;
use super::remote_ref::RemoteRef;
use super::sink::{Sink, silence};
use super::table::Slice;
use super::wire::{Lent, handle};
use crate::codec::{Encoded, Encoder};
use crate::engine::{AnyValue, Engine, Fetched, RawRef, Submission};
use crate::task::{Arg, Demand, GATHER, INLINE, NEXT_REF, Options, TaskDef};
use crate::{Error, Node, Resources, Result};

/// A Ray cluster, by way of this process's host.
pub struct ClusterEngine {
    build: &'static str,
    /// The host's numbers for the kinds of calls made so far.
    calls: Mutex<HashMap<CallKind, u64>>,
    /// When the nodes' sizes were last looked at, and what they were.
    sizes: Mutex<Option<(Instant, Vec<Resources>)>>,
}

/// Calls of one kind differ in their arguments only.
#[derive(PartialEq, Eq, Hash)]
struct CallKind {
    task: &'static str,
    num_returns: Option<usize>,
    overrides: Option<String>,
}

/// What the host makes a remote function of.
#[derive(Serialize)]
struct CallSpec<'a> {
    task: String,
    build: &'a str,
    name: &'a str,
    num_returns: Option<usize>,
    options: &'a Options,
}

/// How long the sizes of the nodes are taken as known.
const SIZES: Duration = Duration::from_secs(2);

impl ClusterEngine {
    pub(super) fn new(build: &'static str) -> ClusterEngine {
        ClusterEngine { build, calls: Mutex::default(), sizes: Mutex::default() }
    }

    fn call(
        &self,
        task: &'static TaskDef,
        overrides: Option<&Options>,
        num_returns: Option<usize>,
    ) -> Result<u64> {
        let overrides_key = overrides.map(json).transpose()?;
        let kind = CallKind { task: task.name, num_returns, overrides: overrides_key };
        if let Some(id) = self.calls.lock().get(&kind) {
            return Ok(*id);
        }
        let options =
            overrides.map_or_else(|| task.options().clone(), |over| task.options().overridden_by(over));
        options.validate()?;
        self.check_size(&Demand::of(&options))?;
        let spec =
            CallSpec { task: task.id(), build: self.build, name: task.name, num_returns, options: &options };
        let id = self.define(&json(&spec)?)?;
        self.calls.lock().insert(kind, id);
        Ok(id)
    }

    fn define(&self, spec: &str) -> Result<u64> {
        let (mut sink, mut id) = (Sink::default(), 0);
        (host()?.define)(Slice::of(spec.as_bytes()), &mut id, sink.pointer());
        sink.check()?;
        if id == 0 { Err(silence()) } else { Ok(id) }
    }

    /// Ray lets a task that fits no node wait for ever; a fixed cluster will never have one.
    fn check_size(&self, demand: &Demand) -> Result<()> {
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

    fn query(&self, question: &str) -> Result<String> {
        let mut sink = Sink::default();
        (host()?.query)(Slice::of(question.as_bytes()), sink.pointer());
        sink.text()
    }
}

fn json<T: Serialize>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|e| Error::Codec(format!("cannot write JSON: {e}")))
}

fn parse<T: serde::de::DeserializeOwned>(text: &str) -> Result<T> {
    serde_json::from_str(text)
        .map_err(|e| Error::Internal(format!("the host's answer is not what was asked for: {e}")))
}

fn seconds(timeout: Option<Duration>) -> f64 {
    timeout.map_or(-1.0, |timeout| timeout.as_secs_f64())
}

fn adopt(id: u64) -> RawRef {
    RawRef::Remote(Arc::new(RemoteRef::adopt(id)))
}

/// The message with all arguments, and the references among them in the order in which the message names them.
fn message(args: &[Arg]) -> Result<(Encoded, Vec<u64>)> {
    let (mut encoder, mut refs) = (Encoder::default(), Vec::new());
    for arg in args {
        match arg {
            Arg::Value(value) => {
                encoder.data.push(INLINE);
                value.append_to(&mut encoder)?;
            }
            Arg::Ref(raw) => {
                encoder.data.push(NEXT_REF);
                refs.push(handle(raw)?);
            }
            Arg::Gather(all, _) => {
                encoder.data.push(GATHER);
                let count = u32::try_from(all.len())
                    .map_err(|_| Error::Invalid("a list of 2^32 references".into()))?;
                encoder.data.extend(count.to_le_bytes());
                for raw in all {
                    refs.push(handle(raw)?);
                }
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
        let id = self.call(call.task, call.overrides.as_deref(), call.num_returns)?;
        let (message, args) = message(&call.args)?;
        let lent = Lent::borrow(&message)?;
        let mut returns = vec![0; call.num_returns.unwrap_or(1)];
        let mut sink = Sink::default();
        (host()?.submit)(
            id,
            &lent.wire(&message.data),
            args.as_ptr(),
            args.len(),
            returns.as_mut_ptr(),
            returns.len(),
            sink.pointer(),
        );
        sink.check()?;
        if returns.contains(&0) {
            return Err(silence());
        }
        Ok(returns.into_iter().map(adopt).collect())
    }

    fn put(&self, value: AnyValue) -> Result<RawRef> {
        let encoded = value.encode()?;
        let lent = Lent::borrow(&encoded)?;
        let (mut sink, mut id) = (Sink::default(), 0);
        (host()?.put)(&lent.wire(&encoded.data), &mut id, sink.pointer());
        sink.check()?;
        if id == 0 { Err(silence()) } else { Ok(adopt(id)) }
    }

    fn get(
        &self,
        refs: &[&RawRef],
        timeout: Option<Duration>,
        each: &mut dyn FnMut(Fetched) -> Result<()>,
    ) -> Result<()> {
        let handles: Vec<u64> = refs.iter().map(|raw| handle(raw)).collect::<Result<_>>()?;
        if handles.is_empty() {
            return Ok(());
        }
        let mut sink = Sink::default();
        (host()?.get)(handles.as_ptr(), handles.len(), seconds(timeout), sink.pointer());
        sink.values(handles.len())?.into_iter().map(Fetched::Encoded).try_for_each(each)
    }

    fn wait(&self, refs: &[&RawRef], num_returns: usize, timeout: Option<Duration>) -> Result<Vec<bool>> {
        let handles: Vec<u64> = refs.iter().map(|raw| handle(raw)).collect::<Result<_>>()?;
        let mut ready = vec![0_u8; handles.len()];
        let mut sink = Sink::default();
        (host()?.wait)(
            handles.as_ptr(),
            handles.len(),
            num_returns,
            seconds(timeout),
            ready.as_mut_ptr(),
            sink.pointer(),
        );
        sink.values(1)?;
        Ok(ready.into_iter().map(|ready| ready != 0).collect())
    }

    fn cancel(&self, object: &RawRef, force: bool) -> Result<()> {
        let mut sink = Sink::default();
        (host()?.cancel)(handle(object)?, i32::from(force), sink.pointer());
        sink.values(1).map(drop)
    }

    fn check_cancelled(&self) -> Result<()> {
        self.query("check").map(drop)
    }

    fn nodes(&self) -> Result<Vec<Node>> {
        parse(&self.query("nodes")?)
    }

    fn available_resources(&self) -> Result<Resources> {
        parse(&self.query("available")?)
    }

    fn dashboard(&self) -> Result<Option<String>> {
        parse(&self.query("dashboard")?)
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
