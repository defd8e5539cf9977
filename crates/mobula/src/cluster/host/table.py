"""The C table between the host and the library: its layout is that of `table.rs`."""

import ctypes
from ctypes import CFUNCTYPE, POINTER, PYFUNCTYPE, Structure, c_char_p, c_double, c_int32, c_int64, c_size_t, c_ssize_t
from ctypes import c_uint8, c_uint32, c_uint64, c_void_p

ABI = 4


class Slice(Structure):
    _fields_ = [("data", c_void_p), ("len", c_size_t)]

    def bytes(self):
        return ctypes.string_at(self.data, self.len) if self.len else b""


class Buffer(Structure):
    _fields_ = [("data", c_void_p), ("len", c_size_t), ("owner", c_uint64)]


class Wire(Structure):
    _fields_ = [
        ("data", c_void_p), ("len", c_size_t),
        ("blobs", POINTER(Buffer)), ("num_blobs", c_size_t),
        ("refs", POINTER(c_uint64)), ("num_refs", c_size_t),
    ]


class Lent(Structure):
    """A `Wire` that Python fills. Its fields keep alive what they point to."""

    _fields_ = [("data", c_char_p), *Wire._fields_[1:]]


WIRE, LENT = POINTER(Wire), POINTER(Lent)
DEFINE = CFUNCTYPE(None, Slice, POINTER(c_uint64), c_void_p)
SUBMIT = CFUNCTYPE(None, c_uint64, WIRE, POINTER(c_uint64), c_size_t, POINTER(c_uint64), c_size_t, c_void_p)
PUT = CFUNCTYPE(None, WIRE, POINTER(c_uint64), c_void_p)
GET = CFUNCTYPE(None, POINTER(c_uint64), c_size_t, c_double, c_void_p)
WAIT = CFUNCTYPE(None, POINTER(c_uint64), c_size_t, c_size_t, c_double, POINTER(c_uint8), c_void_p)
CANCEL = CFUNCTYPE(None, c_uint64, c_int32, c_void_p)
QUERY = CFUNCTYPE(None, Slice, POINTER(c_uint64), c_size_t, POINTER(c_uint64), c_void_p)
RELEASE = CFUNCTYPE(None, c_uint64)
EMIT = CFUNCTYPE(None, c_uint64, WIRE, c_void_p)


class Host(Structure):
    _fields_ = [
        ("abi", c_uint32), ("size", c_uint32), ("define", DEFINE), ("submit", SUBMIT), ("put", PUT), ("get", GET),
        ("wait", WAIT), ("cancel", CANCEL), ("query", QUERY), ("release", RELEASE), ("unpin", RELEASE), ("emit", EMIT),
    ]


class Program(Structure):
    _fields_ = [
        ("abi", c_uint32), ("size", c_uint32), ("name", Slice), ("build", Slice),
        ("describe", CFUNCTYPE(Slice)),
        ("start", CFUNCTYPE(c_int32, c_void_p)),
        ("main", CFUNCTYPE(c_int32, POINTER(Slice), c_size_t)),
        ("run", CFUNCTYPE(c_uint32, Slice, c_uint64, LENT, c_size_t, c_int64, c_uint32, c_uint64)),
        ("create", CFUNCTYPE(c_uint32, Slice, LENT, c_size_t, c_uint64, POINTER(c_uint64))),
        ("reply", PYFUNCTYPE(None, c_void_p, c_uint32, LENT)),  # short, and calls nothing: the lock may stay
        ("free", CFUNCTYPE(None, c_uint64)),
    ]


class PyBuffer(Structure):
    """CPython's `Py_buffer`: the address of a read-only buffer is to be had through it alone."""

    _fields_ = [
        ("buf", c_void_p), ("obj", ctypes.py_object), ("len", c_ssize_t), ("itemsize", c_ssize_t), ("readonly", c_int32),
        ("ndim", c_int32), ("format", c_char_p), ("shape", c_void_p), ("strides", c_void_p), ("suboffsets", c_void_p),
        ("internal", c_void_p),
    ]


get_buffer = ctypes.pythonapi.PyObject_GetBuffer
get_buffer.argtypes = [ctypes.py_object, POINTER(PyBuffer), c_int32]
release_buffer = ctypes.pythonapi.PyBuffer_Release
release_buffer.argtypes = [POINTER(PyBuffer)]
memory_view = ctypes.pythonapi.PyMemoryView_FromMemory
memory_view.argtypes, memory_view.restype = [c_void_p, c_ssize_t, c_int32], ctypes.py_object
READ = 0x100
