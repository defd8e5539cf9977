//! One Python object, and what can be done with it.

use std::ffi::c_char;
use std::ptr::{NonNull, null_mut};

use super::api::{MethodDef, PyObject, READ};
use super::{Api, Gil, ending};

/// Python has raised an exception, which [`Object::raised`] takes.
#[derive(Debug)]
pub struct Raised;

type Result<T> = std::result::Result<T, Raised>;

/// A reference to an object of the interpreter.
pub struct Object<'py> {
    at: NonNull<PyObject>,
    py: &'py Gil,
}

impl<'py> Object<'py> {
    /// Takes over a reference; null is an exception.
    ///
    /// # Safety
    /// `at` is null, or a reference that is the caller's to give away.
    pub unsafe fn own(py: &'py Gil, at: *mut PyObject) -> Result<Object<'py>> {
        NonNull::new(at).map(|at| Object { at, py }).ok_or(Raised)
    }

    /// One more reference to an object that somebody else keeps.
    ///
    /// # Safety
    /// `at` is an object.
    pub unsafe fn borrow(py: &'py Gil, at: *mut PyObject) -> Result<Object<'py>> {
        if !at.is_null() {
            // SAFETY: the caller's promise; the lock is held.
            unsafe { (py.api.inc_ref)(at) };
        }
        // SAFETY: the reference that was just counted.
        unsafe { Object::own(py, at) }
    }

    /// One more reference to what a handle stands for.
    ///
    /// # Safety
    /// The handle came from [`into_handle`](Object::into_handle) and was not released.
    pub unsafe fn of_handle(py: &'py Gil, handle: u64) -> Result<Object<'py>> {
        // SAFETY: the caller's promise: an object that the handle keeps.
        unsafe { Object::borrow(py, handle as *mut PyObject) }
    }

    /// The exception that Python has raised on this thread, if any.
    pub fn raised(py: &'py Gil) -> Option<Object<'py>> {
        let (mut kind, mut value, mut trace) = (null_mut(), null_mut(), null_mut());
        // SAFETY: three places for three references, which become ours; the lock is held.
        unsafe {
            (py.api.error_fetch)(&mut kind, &mut value, &mut trace);
            if !kind.is_null() {
                (py.api.error_normalize)(&mut kind, &mut value, &mut trace);
            }
        }
        // SAFETY: as above. The traceback is not kept: its frames would keep the handles in their variables.
        let [_, value, _] = [kind, value, trace].map(|at| unsafe { Object::own(py, at) });
        value.ok()
    }

    pub fn bytes(py: &'py Gil, bytes: &[u8]) -> Result<Object<'py>> {
        // SAFETY: Python copies them.
        unsafe { Object::own(py, (py.api.bytes_new)(bytes.as_ptr().cast(), bytes.len() as isize)) }
    }

    pub fn int(py: &'py Gil, number: u64) -> Result<Object<'py>> {
        // SAFETY: a number.
        unsafe { Object::own(py, (py.api.int_new)(number)) }
    }

    pub fn float(py: &'py Gil, number: f64) -> Result<Object<'py>> {
        // SAFETY: a number.
        unsafe { Object::own(py, (py.api.float_new)(number)) }
    }

    pub fn tuple(py: &'py Gil, items: Vec<Object<'py>>) -> Result<Object<'py>> {
        // SAFETY: a new tuple; each place is written once, before anybody sees it.
        let tuple = unsafe { Object::own(py, (py.api.tuple_new)(items.len() as isize)) }?;
        for (at, item) in items.into_iter().enumerate() {
            // SAFETY: as above; the tuple takes the reference over.
            if unsafe { (py.api.tuple_set)(tuple.as_ptr(), at as isize, item.into_ptr()) } != 0 {
                return Err(Raised);
            }
        }
        Ok(tuple)
    }

    /// A `memoryview` of memory that Python does not own.
    ///
    /// # Safety
    /// The memory stays, unchanged, as long as anybody uses the view.
    pub unsafe fn view(py: &'py Gil, bytes: &[u8]) -> Result<Object<'py>> {
        let (at, len) = (bytes.as_ptr() as *mut c_char, bytes.len() as isize);
        // SAFETY: the caller's promise; nobody writes through a view that is for reading.
        unsafe { Object::own(py, (py.api.view_new)(at, len, READ)) }
    }

    /// A function of ours.
    pub fn function(py: &'py Gil, def: &'static MethodDef) -> Result<Object<'py>> {
        // SAFETY: the definition is static; there is no `self`, and no module.
        unsafe { Object::own(py, (py.api.function_new)(def, null_mut(), null_mut())) }
    }

    /// What it gives when it is called.
    pub fn call<'a>(&self, arguments: impl IntoIterator<Item = &'a Object<'py>>) -> Result<Object<'py>>
    where
        'py: 'a,
    {
        let list: Vec<_> = arguments.into_iter().map(Object::as_ptr).collect();
        // SAFETY: the arguments live until this returns; there are no names.
        unsafe {
            let made = (self.py.api.vectorcall)(self.as_ptr(), list.as_ptr(), list.len(), null_mut());
            Object::own(self.py, made)
        }
    }

    /// Its type, to be compared.
    pub fn kind(&self) -> Result<Object<'py>> {
        // SAFETY: an object.
        unsafe { Object::own(self.py, (self.py.api.object_type)(self.as_ptr())) }
    }

    /// The bytes of a `bytes`.
    pub fn as_bytes(&self) -> Result<&[u8]> {
        let (mut at, mut len) = (null_mut(), 0);
        // SAFETY: places for the answer.
        if unsafe { (self.py.api.bytes_read)(self.as_ptr(), &mut at, &mut len) } != 0 {
            return Err(Raised);
        }
        // SAFETY: a `bytes` is never changed, and lives as long as this.
        Ok(unsafe { std::slice::from_raw_parts(at.cast::<u8>(), usize::try_from(len).map_err(|_| Raised)?) })
    }

    /// The number of an `int`; the largest of all is how Python says that it is none.
    pub fn as_int(&self) -> Result<u64> {
        // SAFETY: an object.
        match unsafe { (self.py.api.int_read)(self.as_ptr()) } {
            u64::MAX => Err(Raised),
            number => Ok(number),
        }
    }

    /// The items of a list or a tuple.
    pub fn items(&self) -> Result<Vec<Object<'py>>> {
        // SAFETY: an object.
        let len = unsafe { (self.py.api.sequence_len)(self.as_ptr()) };
        if len < 0 {
            return Err(Raised);
        }
        // SAFETY: as above; an item comes as a new reference.
        (0..len)
            .map(|at| unsafe { Object::own(self.py, (self.py.api.sequence_item)(self.as_ptr(), at)) })
            .collect()
    }

    pub fn as_ptr(&self) -> *mut PyObject {
        self.at.as_ptr()
    }

    /// Its reference, to be given away.
    pub fn into_ptr(self) -> *mut PyObject {
        std::mem::ManuallyDrop::new(self).as_ptr()
    }

    /// Its reference, to be kept without the lock; never 0. [`Object::release`] gives it back.
    pub fn into_handle(self) -> u64 {
        self.into_ptr() as u64
    }

    /// Gives a handle back.
    ///
    /// # Safety
    /// It came from [`into_handle`](Object::into_handle), and was not released before.
    pub unsafe fn release(api: &'static Api, handle: u64) {
        if ending() {
            return;
        }
        let py = Gil::take(api);
        // SAFETY: the caller's promise: the reference is ours.
        drop(unsafe { Object::own(&py, handle as *mut PyObject) });
    }
}

impl Drop for Object<'_> {
    fn drop(&mut self) {
        // SAFETY: the reference is ours, and the lock is held.
        unsafe { (self.py.api.dec_ref)(self.at.as_ptr()) }
    }
}
