"""What callers in Python are promised, on the cluster of RAY_ADDRESS: `callers.py LIBRARY ANOTHER`; the other is that of the example
`inverted-index`."""

import _ctypes
import inspect
import os
import subprocess
import sys
import tempfile
import traceback

import mobula
import ray

CASES = "mobula_conformance::cases"
ADD, SUM = f"{CASES}::errors::add", f"{CASES}::references::sum"


def fails(call, kind, *words):
    try:
        made = call()
    except kind as error:
        text = str(error)
        assert all(word in text for word in words), f"{words} are not in: {text}"
        return error
    raise AssertionError(f"gave {made!r} where {kind.__name__} was expected")


def case_values_come_back(program):
    echo = program[f"{CASES}::values::echo"]
    value = {
        "integers": [255, -128, 2**64 - 1, -(2**63), (7).to_bytes(16, "big")],
        "floats": [0.1, -0.0, float("inf"), 5e-324],
        "text": "line\nbreak\0nul \U0001f600",
        "letter": "İ",
        "maps": [{"a": 2, "b": 1}, {1: True, 2: False}],
        "shapes": ["Unit", {"Tuple": [-1, "ΟΔΟΣ"]}, {"Struct": {"x": 0.5, "inner": None}}],
        "nothing": None,
    }
    assert ray.get(echo.remote(value)) == value


def case_every_kind_of_argument(program):
    call = program.eight.remote(1, "two", None, [3], "4", 0.5, (6, 6, 6), [True, "7"])
    assert ray.get(call) == '1 two () [3] Some("4") 0.5 [6, 6, 6] (true, \'7\')'
    # Bytes are a list of numbers too, an int is a float too, None is what is missing; and by name.
    call = program.eight.remote(a=1, b="", c=None, d=b"\x03\x04", e=None, f=2, g=[0, 0, 0], h=(False, "x"))
    assert ray.get(call) == "1  () [3, 4] None 2 [0, 0, 0] (false, 'x')"
    assert ray.get(program.borrowed.remote("text", [1, 2], {"k": 9})) == 'text [1, 2] {"k": 9}'
    # A parameter whose name is a word of Python's.
    assert ray.get(program.range.remote(from_=2, to=4)) == [2, 3]


def case_bytes_of_every_size(program):
    echo = program[f"{CASES}::blobs::echo"]
    for n in (0, 1, 65_535, 65_536, 5_000_000):
        blob = bytes(i * 31 % 251 for i in range(n))
        assert ray.get(echo.remote(blob)) == blob
    parcel = {"label": "x", "parts": [b"a" * 100_000, b"", b"c"]}
    assert ray.get(program.reverse.remote(parcel)) == {"label": "x", "parts": [b"c", b"", b"a" * 100_000]}


def case_references_into_calls(program):
    add = program[ADD]
    two = add.remote(1, 1)
    assert ray.get(add.remote(two, add.remote(two, 1))) == 5
    assert ray.get(program.borrowed.remote(ray.put("put"), ray.put([7]), {})) == "put [7] {}"
    # A list of references is a list of values; Python's own tasks mix in.
    double = ray.remote(lambda n: 2 * n)
    parts = [add.remote(n, 0) for n in range(4)] + [double.remote(two)]
    assert ray.get(program[SUM].remote(1, parts, 10)) == (1 + 0 + 1 + 2 + 3 + 4) * 10
    assert ray.get(double.remote(add.remote(20, 1))) == 42


def case_several_returns(program):
    parts = program.range.options(num_returns=3).remote(5, 8)
    assert ray.get(parts) == [5, 6, 7] and ray.get(program[ADD].remote(parts[0], parts[2])) == 12
    fails(lambda: ray.get(program.range.options(num_returns=2).remote(0, 3)), Exception, "3", "2")


def case_errors(program):
    error = fails(lambda: ray.get(program[f"{CASES}::errors::fail"].remote("x")), mobula.TaskError)
    assert "bad input: cannot read \"x\": invalid digit found in string" in str(error), error
    assert isinstance(error, ray.exceptions.RayTaskError)
    assert error.cause.task == f"{CASES}::errors::fail" and error.cause.code == 1
    panic = fails(lambda: ray.get(program.index.remote([1, 2], 5)), mobula.TaskError, "panicked", "errors.rs:")
    assert panic.cause.code == 2
    # Failures reach those who depend on them, alone or in a list.
    bad = program[f"{CASES}::errors::fail"].remote("x")
    fails(lambda: ray.get(program[ADD].remote(bad, 1)), mobula.TaskError, "bad input")
    fails(lambda: ray.get(program[SUM].remote(1, [bad], 1)), ray.exceptions.RayTaskError, "bad input")
    # What fits no parameter is Rust's to say.
    fails(lambda: ray.get(program[ADD].remote("one", 1)), mobula.TaskError, "argument `a`: cannot decode a u32")
    fails(lambda: ray.get(program[ADD].remote(-1, 1)), mobula.TaskError, "argument `a`", "-1")
    # What MessagePack does not know never gets there.
    fails(lambda: ray.get(program[ADD].remote(object(), 1)), TypeError, "argument `a`", "object")
    fails(lambda: ray.get(program[ADD].remote(2**70, 1)), TypeError, "argument `a`")
    fails(lambda: ray.get(program[SUM].remote(1, [ray.put(1), 2], 1)), TypeError, "argument `parts`")
    # References inside a result would lead nowhere.
    fails(lambda: ray.get(program.make.remote(1)), mobula.TaskError, "ObjectRef")


def case_misuse(program):
    fails(lambda: program[ADD].remote(1), TypeError)
    fails(lambda: program[ADD].remote(1, 2, 3), TypeError)
    fails(lambda: program[ADD].remote(1, c=3), TypeError)
    fails(lambda: program.Counter.remote(), TypeError)
    counter = program.Counter.remote(1)
    # A method answers Rust too, so that it is the worker who looks at the arguments.
    fails(lambda: ray.get(counter.add.remote()), TypeError, "missing a required argument: 'n'")
    fails(lambda: ray.get(counter.add.remote(1, 2)), TypeError, "too many positional arguments")
    fails(lambda: program.nothing_of_the_kind, AttributeError, "nothing_of_the_kind", "Counter", "borrowed")
    fails(lambda: program.echo, AttributeError, "ambiguous", f'["{CASES}::values::echo"]', f'["{CASES}::blobs::echo"]')
    fails(lambda: program["echo"], KeyError, f"{CASES}::values::echo")
    fails(lambda: mobula.load(sys.argv[1], namespace="other"), RuntimeError, "attached already", "namespace")
    fails(lambda: mobula.load("/nowhere/libx.so"), FileNotFoundError, "/nowhere/libx.so")
    fails(lambda: mobula.load(_ctypes.__file__), RuntimeError, "mobula_program")
    assert mobula.load(sys.argv[1]) is program


def case_loaded_late(program):
    script = """if True:
        import mobula, ray, sys, time

        def attach(**how):
            # Ray Client's server does not always start.
            for last in (False, False, True):
                try:
                    return ray.init(log_to_driver=False, **how)
                except Exception:
                    if last:
                        raise
                    time.sleep(1)

        attach(runtime_env={"env_vars": {"A": "b"}})
        program = mobula.load(sys.argv[1])
        assert ray.get(program.sum_of_squares.remote(3)) == 5
        # Once more, with another job.
        ray.shutdown()
        attach()
        again = mobula.load(sys.argv[1])
        assert ray.get(again.sum_of_squares.remote(4)) == 14
    """
    subprocess.run([sys.executable, "-c", script, sys.argv[1]], check=True)


def case_two_programs_in_one_process(program):
    other = mobula.load(sys.argv[2])
    assert other is not program and mobula.load(sys.argv[2]) is other
    assert repr(other).startswith("inverted-index ") and repr(program).startswith("mobula-conformance ")
    # The same workers run the tasks of both, and what fails is of one class.
    index = [name for name in dir(other) if name == "index"]
    assert index, dir(other)
    for _ in range(3):
        assert ray.get(program[ADD].remote(1, 2)) == 3
        fails(lambda: ray.get(other.index.remote(1, 2, 3)), mobula.TaskError, "inverted_index")
        fails(lambda: ray.get(program[f"{CASES}::errors::fail"].remote("x")), mobula.TaskError, "bad input")


def case_actors_of_both_languages(program):
    here = program.Counter.options(name="made in Python").remote(1)
    assert ray.get(here.add.remote(1)) == 2
    assert ray.get(program.look_up.remote("made in Python")) == 2
    assert ray.get(program.add_to_all.remote(["made in Python"], 5)) == 7
    # Detached, from a task: it outlives the worker that made it.
    ray.get(program.leave_behind.remote("made in Rust", 10))
    there = ray.get_actor("made in Rust")
    assert ray.get(there.add.remote(1)) == 11 and ray.get(there.add.remote(n=1)) == 12
    assert ray.get(there.seen.options(num_returns=2).remote()) == [1, 1]
    assert ray.get(there.by_tasks.remote(3)) == 6
    assert ray.get(program.add_to_all.remote(["made in Rust", "made in Python"], 1)) == 8
    fails(lambda: ray.get(there.add.remote("one")), mobula.TaskError, "argument `n`")
    ray.kill(there)


def case_options(program):
    pid = program[f"{CASES}::options::pid"]
    assert isinstance(ray.get(pid.options(name="another", num_cpus=0.5, scheduling_strategy="SPREAD").remote()), int)
    # The attribute of `third_time_lucky` asks for retries.
    with tempfile.TemporaryDirectory() as folder:
        assert ray.get(program.third_time_lucky.remote(os.path.join(folder, "tally"))) == 3
        once = program.third_time_lucky.options(max_retries=0).remote(os.path.join(folder, "other"))
        fails(lambda: ray.get(once), mobula.TaskError, "attempt 1")


def case_actors_have_state(program):
    counter = program.Counter.options(name="from Python").remote(program[ADD].remote(2, 3))
    assert ray.get([counter.add.remote(n) for n in (1, 2, 3)]) == [6, 8, 11]
    assert ray.get(counter.seen.remote()) == [1, 2, 3]
    assert ray.get(counter.seen.options(num_returns=3).remote()) == [1, 2, 3]
    assert ray.get(counter.by_tasks.remote(5)) == 20
    named = ray.get_actor("from Python")
    assert ray.get(named.value.remote()) == 20
    fails(lambda: ray.get(counter.fail.remote("today")), mobula.TaskError, "Counter::fail", "no: today")
    fails(lambda: ray.get(counter.panic.remote()), mobula.TaskError, "out of luck")
    assert ray.get(counter.value.remote()) == 21
    bad = program.Counter.remote(-1)
    fails(lambda: ray.get(bad.value.remote()), ray.exceptions.RayActorError, "-1 is too small")
    asleep = counter.sleep.remote(60_000)
    ray.kill(counter)
    fails(lambda: ray.get(asleep), ray.exceptions.RayActorError)


def case_rust_tasks_call_rust_tasks(program):
    assert ray.get(program.sum_of_squares.remote(5)) == 30
    counter = program.Counter.remote(0)
    assert ray.get(counter.by_tasks.remote(4)) == 12


def case_a_waiting_task_is_cancelled(program):
    forever = program.third_time_lucky.options(num_cpus=10_000).remote("/nowhere")
    ray.cancel(forever)
    fails(lambda: ray.get(forever, timeout=60), ray.exceptions.TaskCancelledError)


def case_help(program):
    assert "borrowed" in dir(program) and "Counter" in dir(program) and "echo" not in dir(program)
    text = repr(program)
    assert f"{CASES}::errors::add(a: u32, b: u32) -> u32" in text, text
    assert text.startswith("mobula-conformance 0."), text
    assert str(inspect.signature(program[ADD].remote)).replace("'", "") == "(a: u32, b: u32) -> u32"
    assert "add(a: u32, b: u32) -> u32" in inspect.getdoc(program[ADD].remote)


def main():
    program = mobula.load(sys.argv[1], log_to_driver=False)
    failed = 0
    for name, case in list(globals().items()):
        if not name.startswith("case_"):
            continue
        try:
            case(program)
            print(f"{name} ... ok", flush=True)
        except BaseException:
            failed += 1
            print(f"{name} ... FAILED\n{traceback.format_exc()}", flush=True)
    sys.exit(failed != 0)


main()
