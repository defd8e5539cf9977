"""The C table that a library begins with: its layout is that of `table.rs`."""

import ctypes
from ctypes import CFUNCTYPE, POINTER, PYFUNCTYPE, Structure, c_size_t, c_uint32, c_void_p, py_object

ABI = 5


class Slice(Structure):
    _fields_ = [("data", c_void_p), ("len", c_size_t)]

    def text(self):
        return ctypes.string_at(self.data, self.len).decode()


class Program(Structure):
    _fields_ = [
        ("abi", c_uint32), ("size", c_uint32), ("name", Slice), ("build", Slice), ("describe", CFUNCTYPE(Slice)),
        ("symbols", Slice), ("questions", Slice), ("start", PYFUNCTYPE(py_object, POINTER(c_void_p), c_size_t, py_object)),
    ]
