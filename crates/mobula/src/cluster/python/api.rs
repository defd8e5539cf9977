//! The functions of CPython that this library calls: all of the stable interface, so one library fits every version.
//!
//! They are not linked: the library also runs where there is no Python. It names what it needs ([`SYMBOLS`]), and the host,
//! which runs inside Python, hands over the addresses.

use std::ffi::{c_char, c_int, c_ulonglong, c_void};
use std::marker::{PhantomData, PhantomPinned};

/// A Python object: never looked into from here.
#[repr(C)]
pub struct PyObject {
    _opaque: [u8; 0],
    _not_movable: PhantomData<(*mut u8, PhantomPinned)>,
}

/// CPython's `Py_buffer`: where the bytes of an object are, and who holds them.
#[repr(C)]
pub struct PyBuffer {
    pub buf: *mut c_void,
    pub obj: *mut PyObject,
    pub len: isize,
    pub itemsize: isize,
    pub readonly: c_int,
    pub ndim: c_int,
    pub format: *mut c_char,
    pub shape: *mut isize,
    pub strides: *mut isize,
    pub suboffsets: *mut isize,
    pub internal: *mut c_void,
}

/// A function of ours that Python calls: the arguments are borrowed, the result is a new reference, null with an exception.
pub type Builtin = unsafe extern "C" fn(*mut PyObject, *const *mut PyObject, isize) -> *mut PyObject;

/// CPython's `PyMethodDef`, which a builtin function is made of; it has to stay where it is.
#[repr(C)]
pub struct MethodDef {
    pub name: *const c_char,
    pub function: Builtin,
    pub flags: c_int,
    pub doc: *const c_char,
}

// SAFETY: it is never written, and what it points to is static.
unsafe impl Sync for MethodDef {}

/// `METH_FASTCALL`: the arguments come as an array.
pub const FASTCALL: c_int = 0x80;

/// `PyBUF_READ`, of a view that nobody writes through.
pub const READ: c_int = 0x100;

macro_rules! functions {
    ($($name:ident: $symbol:literal = fn($($argument:ty),*) $(-> $made:ty)?;)*) => {
        /// What the library needs of CPython, in the order of [`SYMBOLS`].
        #[repr(C)]
        #[derive(Clone, Copy)]
        pub struct Api {
            $(pub $name: unsafe extern "C" fn($($argument),*) $(-> $made)?,)*
        }

        /// The names of these functions, parted by spaces.
        pub const SYMBOLS: &str = concat!($($symbol, " "),*);
    };
}

functions! {
    gil_ensure: "PyGILState_Ensure" = fn() -> c_int;
    gil_release: "PyGILState_Release" = fn(c_int);
    save_thread: "PyEval_SaveThread" = fn() -> *mut c_void;
    restore_thread: "PyEval_RestoreThread" = fn(*mut c_void);
    inc_ref: "Py_IncRef" = fn(*mut PyObject);
    dec_ref: "Py_DecRef" = fn(*mut PyObject);
    object_type: "PyObject_Type" = fn(*mut PyObject) -> *mut PyObject;
    vectorcall: "PyObject_Vectorcall" =
        fn(*mut PyObject, *const *mut PyObject, usize, *mut PyObject) -> *mut PyObject;
    bytes_new: "PyBytes_FromStringAndSize" = fn(*const c_char, isize) -> *mut PyObject;
    bytes_read: "PyBytes_AsStringAndSize" = fn(*mut PyObject, *mut *mut c_char, *mut isize) -> c_int;
    int_new: "PyLong_FromUnsignedLongLong" = fn(c_ulonglong) -> *mut PyObject;
    int_read: "PyLong_AsUnsignedLongLong" = fn(*mut PyObject) -> c_ulonglong;
    float_new: "PyFloat_FromDouble" = fn(f64) -> *mut PyObject;
    tuple_new: "PyTuple_New" = fn(isize) -> *mut PyObject;
    tuple_set: "PyTuple_SetItem" = fn(*mut PyObject, isize, *mut PyObject) -> c_int;
    sequence_len: "PySequence_Size" = fn(*mut PyObject) -> isize;
    sequence_item: "PySequence_GetItem" = fn(*mut PyObject, isize) -> *mut PyObject;
    error_fetch: "PyErr_Fetch" = fn(*mut *mut PyObject, *mut *mut PyObject, *mut *mut PyObject);
    error_normalize: "PyErr_NormalizeException" =
        fn(*mut *mut PyObject, *mut *mut PyObject, *mut *mut PyObject);
    buffer_get: "PyObject_GetBuffer" = fn(*mut PyObject, *mut PyBuffer, c_int) -> c_int;
    buffer_release: "PyBuffer_Release" = fn(*mut PyBuffer);
    view_new: "PyMemoryView_FromMemory" = fn(*mut c_char, isize, c_int) -> *mut PyObject;
    function_new: "PyCFunction_NewEx" = fn(*const MethodDef, *mut PyObject, *mut PyObject) -> *mut PyObject;
}

impl Api {
    /// The functions at these addresses.
    ///
    /// # Safety
    /// `addresses` points to `n` addresses of the functions that [`SYMBOLS`] names, in its order.
    pub unsafe fn of(addresses: *const *const c_void, n: usize) -> Option<Api> {
        if addresses.is_null() || n != SYMBOLS.split_whitespace().count() {
            return None;
        }
        // SAFETY: the caller's promise; of function pointers alone, the structure is as large as a list of as many addresses.
        Some(unsafe { addresses.cast::<Api>().read() })
    }
}

const _: () = assert!(size_of::<Api>().is_multiple_of(size_of::<*const c_void>()));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_function_has_a_name() {
        assert_eq!(SYMBOLS.split_whitespace().count() * size_of::<*const c_void>(), size_of::<Api>());
        assert!(SYMBOLS.split_whitespace().all(|name| name.starts_with("Py")));
    }

    #[test]
    fn another_number_of_addresses_is_refused() {
        let few = [std::ptr::null(); 3];
        // SAFETY: they are counted before they are looked at.
        assert!(unsafe { Api::of(few.as_ptr(), few.len()) }.is_none());
        // SAFETY: null is seen.
        assert!(unsafe { Api::of(std::ptr::null(), 0) }.is_none());
    }
}
