//! Python objects, by CPython's own C interface: no more than the boundary needs.
//!
//! [`Gil`] is the interpreter's lock, and a proof that this thread holds it: every [`Object`] borrows one. An object's
//! references are counted as Rust counts: one is ours until it is dropped, or until it leaves as a handle.

mod api;
mod buffer;
mod object;

use std::ffi::c_int;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicBool, Ordering};

pub use api::{Api, Builtin, FASTCALL, MethodDef, PyBuffer, PyObject, SYMBOLS};
pub use buffer::pin;
pub use object::{Object, Raised};

/// Whether the interpreter is about to end: a thread that then asks for its lock would never come back.
static ENDING: AtomicBool = AtomicBool::new(false);

/// From now on nothing is given back any more.
pub fn end() {
    ENDING.store(true, Ordering::Release);
}

fn ending() -> bool {
    ENDING.load(Ordering::Acquire)
}

/// The interpreter's lock, held by this thread as long as this lives.
pub struct Gil {
    api: &'static Api,
    /// What to give back; `None` where a caller holds it.
    state: Option<c_int>,
    /// It belongs to its thread.
    _thread: PhantomData<*mut ()>,
}

impl Gil {
    /// Waits for the lock; a thread that holds it already gets it again.
    pub fn take(api: &'static Api) -> Gil {
        // SAFETY: any thread may ask; the interpreter runs, since it has loaded this library.
        let state = unsafe { (api.gil_ensure)() };
        Gil { api, state: Some(state), _thread: PhantomData }
    }

    /// The lock that this thread's caller holds.
    ///
    /// # Safety
    /// This thread holds it, and goes on to for as long as the result lives.
    pub unsafe fn held(api: &'static Api) -> Gil {
        Gil { api, state: None, _thread: PhantomData }
    }

    /// Gives the lock up while `f` runs.
    pub fn without<T>(&mut self, f: impl FnOnce() -> T) -> T {
        struct Back(&'static Api, *mut std::ffi::c_void);
        impl Drop for Back {
            fn drop(&mut self) {
                // SAFETY: the state is this thread's, and was given out by `save_thread`.
                unsafe { (self.0.restore_thread)(self.1) }
            }
        }
        // SAFETY: the lock is held, and `&mut self` says that no object borrows it.
        let _back = Back(self.api, unsafe { (self.api.save_thread)() });
        f()
    }
}

impl Drop for Gil {
    fn drop(&mut self) {
        if let Some(state) = self.state {
            // SAFETY: it was given out to this thread by `gil_ensure`.
            unsafe { (self.api.gil_release)(state) }
        }
    }
}
