"""How a program reaches a process: as one file, its library, which carries the host and says so itself (`describe`).

A driver puts that file into Ray once. What Ray pickles of a task or an actor finds it by its hash, which is its `key`: loaded in
this process, else on this node, else fetched. Nothing of it needs a runtime environment, so the workers that Ray has started ahead
will do.

`carrier` gives the functions for that. They stand inside it, and use nothing from outside but Python's own modules, because they
travel: cloudpickle takes such functions by value. This module is also what a driver starts with (`launch`), before there is a
host.
"""


def carrier():
    """`enter`, which Ray pickles with each task and actor; `host_of`, for drivers; `programs`, what those of a process share."""

    def programs():
        """What the programs of this process share: a lock, their hosts by key, and one class of failed tasks."""
        import sys
        import threading
        import types

        module = sys.modules.get("mobula_programs")
        if module is None:

            class TaskError(Exception):
                """What a Rust task failed with."""

                def __init__(self, task, message, code):
                    super().__init__(task, message, code)
                    self.task, self.message, self.code = task, message, code

                def __str__(self):
                    return f"{self.task} {'panicked' if self.code == 2 else 'failed'}: {self.message}"

                def __reduce__(self):
                    # Ray Client's server, which reads it on the way, has no host. What it sends on is of a class of Ray's that
                    # inherits from this one, and is made otherwise.
                    return (failed, self.args) if type(self) is TaskError else super().__reduce__()

            # Where it stands: so it is pickled by its name, and is one class wherever a program is loaded.
            TaskError.__module__, TaskError.__qualname__ = "mobula_programs", "TaskError"
            module = types.ModuleType("mobula_programs", "What the Mobula programs of this process share.")
            module.lock, module.hosts, module.TaskError = threading.RLock(), {}, TaskError
            module = sys.modules.setdefault("mobula_programs", module)
        return module

    def failed(*what):
        return programs().TaskError(*what)

    def enter(key, source):
        """The host of a program, for what runs in a worker; `source` is a reference to the packed library, or its bytes."""
        import sys

        here = sys.modules.get("mobula_programs")
        host = here.hosts.get(key) if here is not None else None
        if host is not None:
            return host

        def fetch():
            import zlib

            import ray

            return zlib.decompress(source if isinstance(source, bytes) else ray.get(source))

        host = host_of(key, fetch)
        if host.SOURCE is None:
            host.SOURCE = source
        return host

    def host_of(key, fetch):
        """The host of the program whose library has the hash `key`, loaded where it is not yet; `fetch` gives the library."""
        here = programs()
        with here.lock:
            if key not in here.hosts:
                path, library = load(key, fetch)
                here.hosts[key] = import_host(key, path, library)
            return here.hosts[key]

    def load(key, fetch):
        """Loads the library from this user's folder on this node, where it is written if it is not there; where no folder
        will do, because it is full, forbids execution or belongs to somebody else, from memory."""
        import ctypes
        import os
        import sys
        import tempfile

        try:
            folder = os.path.join(tempfile.gettempdir(), f"mobula-{os.getuid()}")
            path = place(folder, key, fetch)
            return path, ctypes.CDLL(path)
        except OSError as error:
            library = fetch()
            check(library, key)
            if not hasattr(os, "memfd_create"):
                raise
            memory = os.memfd_create("mobula")  # open for as long as this process lives, like the library
            with os.fdopen(os.dup(memory), "wb") as file:
                file.write(library)
            path = f"/proc/self/fd/{memory}"
            loaded = ctypes.CDLL(path)
            sys.stderr.write(f"note: the program's library is kept in memory, because its folder cannot be used: {error}\n")
            sys.stderr.flush()
            return path, loaded

    def place(folder, key, fetch):
        """The library's path in `folder`, where it is whole: written beside and renamed, and read again before it is used."""
        import fcntl
        import os
        import tempfile

        own(folder)
        path = os.path.join(folder, f"{key}.so")
        if not whole(path, key):
            # Of the processes that want it, one writes it. The lock of one that dies is free.
            with open(os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600), "wb") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                if not whole(path, key):
                    library = fetch()
                    check(library, key)
                    sweep(folder, key)
                    beside, name = tempfile.mkstemp(prefix=f".{key}.", dir=folder)
                    try:
                        with os.fdopen(beside, "wb") as file:
                            file.write(library)
                        os.rename(name, path)
                    except BaseException:
                        os.unlink(name)
                        raise
        os.utime(path)
        return path

    def own(folder):
        """Makes the folder, or sees to it that it is this user's and nobody else's."""
        import os
        import stat

        try:
            os.mkdir(folder, 0o700)
        except FileExistsError:
            found = os.lstat(folder)
            if not stat.S_ISDIR(found.st_mode):
                raise OSError(f"{folder} is not a folder") from None
            if found.st_uid != os.getuid():
                raise OSError(f"{folder} belongs to another user") from None
            if found.st_mode & 0o077:
                os.chmod(folder, 0o700)

    def whole(path, key):
        """Whether a file of this user's is there and has the hash `key`. One that has not is written anew."""
        import hashlib
        import os
        import stat

        try:
            with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb") as file:
                found = os.fstat(file.fileno())
                if not stat.S_ISREG(found.st_mode) or found.st_uid != os.getuid():
                    return False
                return hashlib.sha256(file.read()).hexdigest() == key
        except OSError:
            return False

    def check(library, key):
        import hashlib

        if hashlib.sha256(library).hexdigest() != key:
            raise RuntimeError("the program's library was altered on its way")

    def sweep(folder, key):
        """Removes what was left half written, and all but the eight libraries that were used last."""
        import os
        import time

        found = []
        for entry in os.scandir(folder):
            try:
                used = entry.stat(follow_symlinks=False).st_mtime
                if entry.name.endswith(".so"):
                    found.append((used, entry.path))
                elif entry.name.startswith(f".{key}.") or entry.name.startswith(".") and used < time.time() - 3600:
                    os.unlink(entry.path)
            except OSError:
                pass  # another process was first
        for _, path in sorted(found)[:-7]:
            for each in (path, f"{path}.lock"):
                try:
                    os.unlink(each)
                except OSError:
                    pass

    def describe(library, path):
        """What a library says of itself, and its build; by the front of its C table, which stays as it is."""
        import ctypes
        import json

        class Slice(ctypes.Structure):
            _fields_ = [("data", ctypes.c_void_p), ("len", ctypes.c_size_t)]

            def text(self):
                return ctypes.string_at(self.data, self.len).decode()

        class Program(ctypes.Structure):
            _fields_ = [
                ("abi", ctypes.c_uint32), ("size", ctypes.c_uint32), ("name", Slice), ("build", Slice),
                ("describe", ctypes.CFUNCTYPE(Slice)),
            ]

        try:
            entry = library.mobula_program
        except AttributeError:
            raise RuntimeError(f"{path} has no `mobula_program`: is its main marked #[mobula::main]?") from None
        entry.restype = ctypes.POINTER(Program)
        table = entry()[0]
        about = json.loads(table.describe().text())
        if "error" in about:
            raise RuntimeError(f"{path}: {about['error']}")
        return {**about, "name": table.name.text(), "build": table.build.text()}

    def import_host(key, path, library):
        """Imports the host that a library carries, from memory and under a name of its own."""
        import importlib
        import importlib.util
        import sys

        about = describe(library, path)
        name = f"mobula_host_{key[:16]}"
        sources = {f"{name}.{file.removesuffix('.py')}": source for file, source in about.pop("host").items()}
        sources[name] = sources.pop(f"{name}.__init__")

        class Carried:
            """Python's importer of what is in `sources`."""

            def find_spec(self, module, path=None, target=None):
                if module in sources:
                    return importlib.util.spec_from_loader(module, self, is_package=module == name)

            def create_module(self, spec):
                return None

            def exec_module(self, module):
                module.KEY, module.LIBRARY, module.ABOUT, module.SOURCE = key, path, about, None
                file = module.__name__.replace(name, "mobula_host").replace(".", "/")
                exec(compile(sources[module.__name__], f"{file}.py", "exec"), module.__dict__)

            def get_source(self, module):  # for tracebacks
                return sources[module]

        sys.meta_path.append(Carried())
        return importlib.import_module(name)

    return enter, host_of, programs


def failed_class():
    """This process's one class of failed tasks, whichever program they are of."""
    return carrier()[2]().TaskError


def slim(library):
    """The library without what a loader does not need, which in a debug build is most of it: symbols, and what debuggers read,
    lie behind the last segment of an ELF file. With RUST_BACKTRACE=full they stay, for the names in a backtrace."""
    import os
    import struct

    if library[:6] != b"\x7fELF\x02\x01" or os.environ.get("RUST_BACKTRACE") == "full":
        return library
    start, = struct.unpack_from("<Q", library, 32)
    size, count = struct.unpack_from("<HH", library, 54)
    end = start + size * count
    for at in range(start, end, size):
        offset, = struct.unpack_from("<Q", library, at + 8)
        length, = struct.unpack_from("<Q", library, at + 32)
        end = max(end, offset + length)
    whole = bytearray(library[:end])
    struct.pack_into("<Q", whole, 40, 0)  # where the table of sections is
    struct.pack_into("<HH", whole, 60, 0, 0)  # how many sections there are, and which one names them
    return bytes(whole)


def open_library(path):
    """The host of the library at `path`, and a future of what is to travel, packed while Python imports Ray."""
    import concurrent.futures
    import hashlib
    import zlib

    with open(path, "rb") as file:
        library = slim(file.read())
    packing = concurrent.futures.ThreadPoolExecutor(1).submit(zlib.compress, library, 1)
    _, host_of, _ = carrier()
    return host_of(hashlib.sha256(library).hexdigest(), lambda: library), packing


def launch():
    """A driver's start: `LIBRARY ADDRESS BUILD PROGRAM ARGUMENTS…` are the arguments."""
    import importlib
    import sys

    try:
        host, packing = open_library(sys.argv[1])
    except (OSError, RuntimeError) as error:
        sys.stderr.write(f"error: the program's library cannot be used: {error}\n")
        sys.stderr.write("\nhint: `cargo build` makes the executable and its library anew\n")
        sys.exit(1)
    importlib.import_module(f"{host.__name__}.driver").drive(packing)
