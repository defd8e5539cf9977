//! A value whose type only its users know, shared by all who hold it.

use std::any::{Any, TypeId};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::{Error, Result, Value};

/// A value of some type. `()`, which tasks without a result return, takes no memory and no counting.
///
/// A value that panics when it goes does so wherever its last holder happens to let go of it: a worker's thread, an engine's
/// queue. Nobody but the panic hook learns of it.
#[derive(Clone)]
pub struct Shared(Option<Arc<dyn Any + Send + Sync>>);

impl Drop for Shared {
    fn drop(&mut self) {
        if let Some(value) = self.0.take() {
            quietly(|| drop(value));
        }
    }
}

/// Runs the user's destructors; what a panic carries may have one too.
pub(crate) fn quietly(end: impl FnOnce()) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(end))
        && let Err(another) = catch_unwind(AssertUnwindSafe(|| drop(payload)))
    {
        std::mem::forget(another);
    }
}

impl Shared {
    pub(crate) fn new<T: Value>(value: T) -> Self {
        Shared((TypeId::of::<T>() != TypeId::of::<()>()).then(|| Arc::new(value) as _))
    }

    /// The value, where it is a `T`.
    pub(crate) fn get<T: Value>(&self) -> Result<&T> {
        let any: &dyn Any = match &self.0 {
            Some(any) => &**any,
            None => &(),
        };
        any.downcast_ref().ok_or_else(wrong::<T>)
    }

    /// The value as its own: moved out where nobody else holds it.
    pub(crate) fn into_owned<T: Value>(mut self) -> Result<T> {
        match self.0.take() {
            Some(any) => any.downcast().map(Arc::unwrap_or_clone).map_err(|_| wrong::<T>()),
            None => self.get().cloned(),
        }
    }

    pub(crate) fn into_arc<T: Value>(mut self) -> Result<Arc<T>> {
        match self.0.take() {
            Some(any) => any.downcast().map_err(|_| wrong::<T>()),
            None => self.get().cloned().map(Arc::new),
        }
    }
}

fn wrong<T>() -> Error {
    Error::Codec(format!("the object is not a {}", std::any::type_name::<T>()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_moved_out_by_its_last_holder_and_cloned_by_others() {
        let text = String::from("text");
        let at = text.as_ptr();
        let shared = Shared::new(text);
        let clone: String = shared.clone().into_owned().unwrap();
        assert_ne!(clone.as_ptr(), at);
        let last: String = shared.into_owned().unwrap();
        assert_eq!(last.as_ptr(), at);
    }

    #[test]
    fn another_type_is_refused() {
        assert!(Shared::new(5_u8).get::<u16>().is_err());
        assert!(Shared::new(()).into_owned::<u8>().is_err());
        assert!(Shared::new(5_u8).into_arc::<()>().is_err());
        assert!(Shared::new(()).into_arc::<()>().is_ok());
    }
}
