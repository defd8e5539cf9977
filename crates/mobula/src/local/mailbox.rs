//! The calls that wait for an actor, and whose turn it is.

use std::collections::VecDeque;

use super::job::Returns;
use crate::Error;
use crate::actor::{MethodDef, less};
use crate::engine::RawRef;
use crate::task::{Arg, references};

/// One call of a method.
pub(super) struct Call {
    pub(super) method: &'static MethodDef,
    pub(super) args: Vec<Arg>,
    pub(super) num_returns: Option<usize>,
    pub(super) returns: Returns,
    /// Whose calls stay in order.
    pub(super) caller: u64,
    /// How often it may still be lost with the actor.
    pub(super) retries: u64,
    /// Whether an error is tried again too.
    pub(super) retry_exceptions: bool,
}

impl Call {
    /// Another like this, for the same objects.
    pub(super) fn again(&self) -> Call {
        Call { args: self.args.clone(), returns: self.returns.clone(), ..*self }
    }

    fn readiness(&self) -> Readiness {
        if self.returns.first().is_some_and(|entry| entry.is_ready()) {
            return Readiness::Over;
        }
        let mut ready = Readiness::Ready;
        for raw in references(&self.args) {
            match raw {
                RawRef::Local(entry) => match entry.get() {
                    None => ready = Readiness::Waiting,
                    Some(Ok(_)) => {}
                    Some(Err(error)) => return Readiness::Failed(error.clone()),
                },
                RawRef::Remote(_) => return Readiness::Failed(RawRef::foreign()),
            }
        }
        ready
    }
}

enum Readiness {
    Ready,
    /// For an argument.
    Waiting,
    /// An argument has failed.
    Failed(Error),
    /// It was cancelled.
    Over,
}

/// What an actor does next.
pub(super) enum Turn {
    Run(Call),
    Fail(Call, Error),
}

/// The calls of all callers, in the order in which they came.
#[derive(Default)]
pub(super) struct Mailbox {
    calls: VecDeque<Call>,
}

impl Mailbox {
    pub(super) fn push(&mut self, call: Call) {
        self.calls.push_back(call);
    }

    pub(super) fn push_front(&mut self, call: Call) {
        self.calls.push_front(call);
    }

    pub(super) fn len(&self) -> usize {
        self.calls.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.calls.is_empty()
    }

    /// The oldest call that can run. As in Ray, a call that waits for an argument holds up the younger ones of its own caller and
    /// nobody else's.
    pub(super) fn next(&mut self) -> Option<Turn> {
        let mut held_up: Vec<u64> = Vec::new();
        let mut at = 0;
        while let Some(call) = self.calls.get(at) {
            if held_up.contains(&call.caller) {
                at += 1;
                continue;
            }
            match call.readiness() {
                Readiness::Waiting => {
                    held_up.push(call.caller);
                    at += 1;
                }
                Readiness::Over => drop(self.calls.remove(at)),
                Readiness::Ready => return self.calls.remove(at).map(Turn::Run),
                Readiness::Failed(error) => return self.calls.remove(at).map(|call| Turn::Fail(call, error)),
            }
        }
        None
    }

    /// The actor was lost: calls that may be tried again stay, the others are handed out.
    pub(super) fn lose(&mut self) -> Vec<Call> {
        let (keep, lost): (VecDeque<Call>, VecDeque<Call>) =
            std::mem::take(&mut self.calls).into_iter().partition(|call| call.retries > 0);
        self.calls = keep;
        self.calls.iter_mut().for_each(|call| call.retries = less(call.retries));
        lost.into()
    }

    pub(super) fn drain(&mut self) -> Vec<Call> {
        std::mem::take(&mut self.calls).into()
    }
}
