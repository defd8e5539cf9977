"""What a node's folder of libraries is promised: `package.py HOST LIBRARY`. Neither Ray nor a program is needed: the library is any."""

import hashlib
import multiprocessing
import os
import resource
import signal
import sys
import tempfile
import traceback

source = open(os.path.join(sys.argv[1], "package.py"), encoding="utf-8").read()
namespace = {"__name__": "package"}
exec(compile(source, "package.py", "exec"), namespace)


def inner(name):
    """A function that `carrier` keeps for itself."""
    found, seen = list(namespace["carrier"]()), set()
    while found:
        function = found.pop()
        if function.__name__ == name:
            return function
        for cell in function.__closure__ or ():
            held = cell.cell_contents
            if callable(held) and id(held) not in seen:
                seen.add(id(held))
                found.append(held)
    raise LookupError(name)


load, place = inner("load"), inner("place")
LIBRARY = open(sys.argv[2], "rb").read()
KEY = hashlib.sha256(LIBRARY).hexdigest()


class Fetch:
    """Gives the library, and counts."""

    def __init__(self, library=LIBRARY):
        self.library, self.times = library, 0

    def __call__(self):
        self.times += 1
        return self.library


def in_memory(folder, fetch=None):
    """`load`, which has to do without the folder, and its note."""
    fetch = fetch or Fetch()
    tempfile.tempdir = os.path.dirname(folder)
    read, write = os.pipe()
    kept = os.dup(2)
    os.dup2(write, 2)
    sys.stderr.flush()
    try:
        path, _ = load(KEY, fetch)
    finally:
        sys.stderr.flush()
        os.dup2(kept, 2)
        os.close(write)
        tempfile.tempdir = None
    note = os.read(read, 10_000).decode()
    os.close(read)
    assert path.startswith("/proc/self/fd/"), path
    assert "kept in memory, because its folder cannot be used" in note, note
    return note


def own(root):
    return os.path.join(root, f"mobula-{os.getuid()}")


def case_written_once_and_closed_to_others(root):
    fetch, folder = Fetch(), own(root)
    path = place(folder, KEY, fetch)
    assert open(path, "rb").read() == LIBRARY and fetch.times == 1
    assert os.stat(folder).st_mode & 0o777 == 0o700 and os.stat(path).st_mode & 0o077 == 0
    assert place(folder, KEY, fetch) == path and fetch.times == 1
    # A folder that others may enter is closed.
    os.chmod(folder, 0o777)
    place(folder, KEY, fetch)
    assert os.stat(folder).st_mode & 0o777 == 0o700


def case_truncated_and_altered_files_are_written_anew(root):
    fetch, folder = Fetch(), own(root)
    path = place(folder, KEY, fetch)
    os.truncate(path, 100)
    place(folder, KEY, fetch)
    assert open(path, "rb").read() == LIBRARY and fetch.times == 2
    with open(path, "r+b") as file:
        file.seek(len(LIBRARY) // 2)
        file.write(b"another's code")
    place(folder, KEY, fetch)
    assert open(path, "rb").read() == LIBRARY and fetch.times == 3


def case_a_link_in_place_of_the_file_is_not_followed(root):
    fetch, folder = Fetch(), own(root)
    path = place(folder, KEY, fetch)
    elsewhere = os.path.join(root, "elsewhere")
    os.rename(path, elsewhere)
    os.symlink(elsewhere, path)
    place(folder, KEY, fetch)
    assert not os.path.islink(path) and fetch.times == 2


def case_a_link_in_place_of_the_folder_is_not_used(root):
    os.mkdir(os.path.join(root, "somebodys"), 0o700)
    os.symlink(os.path.join(root, "somebodys"), own(root))
    assert "is not a folder" in in_memory(own(root))
    assert os.listdir(os.path.join(root, "somebodys")) == []


def case_another_users_folder_is_not_used(root):
    if os.getuid() != 0:
        print("skipped: another's folder takes root to make")
        return
    os.mkdir(own(root), 0o777)
    os.chown(own(root), 12345, 12345)
    assert "belongs to another user" in in_memory(own(root))
    assert os.listdir(own(root)) == []


def case_a_full_disk(root):
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    place(own(root), hashlib.sha256(b"x").hexdigest(), lambda: b"x")
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        try:
            place(own(root), KEY, Fetch())
        except OSError:
            pass
        else:
            raise AssertionError("there was room")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    # Nothing half written is left.
    assert [name for name in os.listdir(own(root)) if name.startswith(".")] == []


def case_what_was_altered_on_its_way_is_not_loaded(root):
    try:
        place(own(root), KEY, Fetch(LIBRARY[:-1] + b"?"))
    except RuntimeError as error:
        assert "was altered on its way" in str(error)
    else:
        raise AssertionError("it was taken")
    assert not any(name.endswith(".so") for name in os.listdir(own(root)))


def unpack(root, barrier, times):
    fetch = Fetch()
    barrier.wait()
    place(own(root), KEY, fetch)
    with times.get_lock():
        times.value += fetch.times


def case_several_at_once_write_it_once(root):
    fork = multiprocessing.get_context("fork")
    barrier, times = fork.Barrier(6), fork.Value("i", 0)
    workers = [fork.Process(target=unpack, args=(root, barrier, times)) for _ in range(6)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0] * 6 and times.value == 1, times.value


def case_old_ones_go(root):
    for number in range(12):
        content = b"%d" % number
        key = hashlib.sha256(content).hexdigest()
        path = place(own(root), key, lambda: content)
        os.utime(path, (number, number))
    left = [name for name in os.listdir(own(root)) if name.endswith(".so")]
    assert len(left) == 8 and f"{key}.so" in left, left


def case_a_debug_build_travels_without_what_debuggers_read(root):
    slim = namespace["slim"](LIBRARY)
    assert len(slim) <= len(LIBRARY)
    path = place(own(root), hashlib.sha256(slim).hexdigest(), lambda: slim)
    import ctypes

    ctypes.CDLL(path)
    assert namespace["slim"](b"not a library") == b"not a library"


def main():
    failed = 0
    for name, case in list(globals().items()):
        if not name.startswith("case_"):
            continue
        with tempfile.TemporaryDirectory() as root:
            try:
                case(root)
                print(f"{name} ... ok", flush=True)
            except BaseException:
                failed += 1
                print(f"{name} ... FAILED\n{traceback.format_exc()}", flush=True)
    sys.exit(failed != 0)


main()
