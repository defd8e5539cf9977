//! What only the local engine promises: its account of resources, and that nothing is copied. What both engines promise
//! is tested by the conformance suite.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::{Error, LocalConfig, ObjectRef, Ray, Result};

fn ray(cpus: f64) -> Ray {
    Ray::local(LocalConfig::with_cpus(cpus))
}

/// Counts how many run at a time, and the most there were.
#[derive(Default)]
struct Gauge {
    now: AtomicUsize,
    most: AtomicUsize,
}

impl Gauge {
    const fn new() -> Self {
        Gauge { now: AtomicUsize::new(0), most: AtomicUsize::new(0) }
    }

    fn hold(&self, time: Duration) {
        let now = self.now.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(now, Ordering::SeqCst);
        std::thread::sleep(time);
        self.now.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A task's value is there a moment before its resources are back.
fn until(condition: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(30);
    while !condition() {
        assert!(Instant::now() < end, "it did not come to be");
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn no_more_tasks_run_than_there_are_cpus_for() {
    static GAUGE: Gauge = Gauge::new();
    #[mobula::task]
    fn of_one_cpu() {
        GAUGE.hold(Duration::from_millis(3));
    }
    let ray = ray(3.0);
    let all: Vec<_> = (0..60).map(|_| of_one_cpu::remote().submit(&ray).unwrap()).collect();
    ray.get(&all).unwrap();
    assert_eq!(GAUGE.most.load(Ordering::SeqCst), 3);
}

#[test]
fn fractions_share_a_cpu_and_zero_is_free() {
    static HALVES: Gauge = Gauge::new();
    static FREE: Gauge = Gauge::new();
    #[mobula::task(num_cpus = 0.5)]
    fn half() {
        HALVES.hold(Duration::from_millis(20));
    }
    #[mobula::task(num_cpus = 0)]
    fn free() {
        FREE.hold(Duration::from_millis(50));
    }
    let ray = ray(2.0);
    let halves: Vec<_> = (0..12).map(|_| half::remote().submit(&ray).unwrap()).collect();
    ray.get(&halves).unwrap();
    assert_eq!(HALVES.most.load(Ordering::SeqCst), 4);
    let frees: Vec<_> = (0..12).map(|_| free::remote().submit(&ray).unwrap()).collect();
    ray.get(&frees).unwrap();
    assert_eq!(FREE.most.load(Ordering::SeqCst), 12);
}

#[test]
fn a_wide_task_is_not_starved_by_narrow_ones() {
    #[mobula::task]
    fn narrow() {
        std::thread::sleep(Duration::from_micros(200));
    }
    #[mobula::task(num_cpus = 2)]
    fn wide() -> usize {
        7
    }
    let ray = ray(2.0);
    let narrows: Vec<_> = (0..5000).map(|_| narrow::remote().submit(&ray).unwrap()).collect();
    assert_eq!(ray.get_timeout(&wide::remote().submit(&ray).unwrap(), Duration::from_secs(60)).unwrap(), 7);
    let (_, rest) = ray.wait(narrows, 1, None).unwrap();
    assert!(!rest.is_empty(), "the wide task waited for all the narrow ones");
    ray.get(&rest).unwrap();
}

#[test]
fn custom_resources_and_memory_are_accounts_too() {
    static GAUGE: Gauge = Gauge::new();
    #[mobula::task(num_cpus = 0, resources(lock = 1))]
    fn locked() {
        GAUGE.hold(Duration::from_millis(5));
    }
    let config = LocalConfig { resources: [("lock".to_string(), 1.0)].into(), ..LocalConfig::with_cpus(4.0) };
    let ray = Ray::local(config);
    let all: Vec<_> = (0..8).map(|_| locked::remote().submit(&ray).unwrap()).collect();
    ray.get(&all).unwrap();
    assert_eq!(GAUGE.most.load(Ordering::SeqCst), 1);
    until(|| ray.available_resources().unwrap() == ray.cluster_resources().unwrap());
    let error = locked::remote().resource("lock", 2.0).submit(&ray).unwrap_err();
    assert!(matches!(error, Error::Unschedulable(_)), "{error:?}");
}

#[test]
fn deep_and_wide_nesting_does_not_deadlock_on_one_cpu() {
    #[mobula::task]
    fn tree(ray: &Ray, depth: u32) -> Result<u64> {
        if depth == 0 {
            return Ok(1);
        }
        let children: Vec<_> = (0..3).map(|_| tree::remote(depth - 1).submit(ray)).collect::<Result<_>>()?;
        Ok(1 + ray.get(&children)?.iter().sum::<u64>())
    }
    let ray = ray(1.0);
    assert_eq!(
        ray.get_timeout(&tree::remote(5).submit(&ray).unwrap(), Duration::from_secs(60)).unwrap(),
        364
    );
}

#[test]
fn a_blocked_task_of_two_cpus_gives_both_back() {
    #[mobula::task(num_cpus = 2)]
    fn inner() -> u8 {
        1
    }
    #[mobula::task(num_cpus = 2)]
    fn outer(ray: &Ray) -> Result<u8> {
        inner::remote().submit(ray)?.get(ray)
    }
    let ray = ray(2.0);
    assert_eq!(ray.get_timeout(&outer::remote().submit(&ray).unwrap(), Duration::from_secs(30)).unwrap(), 1);
    until(|| ray.available_resources().unwrap()["CPU"] == 2.0);
}

#[test]
fn values_are_shared_and_moved_but_never_copied_needlessly() {
    #[mobula::task]
    fn address(data: &[u8]) -> usize {
        data.as_ptr() as usize
    }
    #[mobula::task]
    fn pass_on(data: Vec<u8>) -> Vec<u8> {
        data
    }
    let ray = ray(2.0);
    let data = vec![1_u8; 100];
    let at = data.as_ptr() as usize;
    let object = ray.put(data).unwrap();
    assert_eq!(ray.get(&address::remote(&object).submit(&ray).unwrap()).unwrap(), at);
    assert_eq!(ray.get_shared(&object).unwrap().as_ptr() as usize, at);
    // The last reference goes into the call: the task owns the value, and hands it on.
    let moved = pass_on::remote(object).submit(&ray).unwrap();
    assert_eq!(ray.get_shared(&moved).unwrap().as_ptr() as usize, at);
}

#[test]
fn cancelling_a_running_task_reaches_what_it_started() {
    static STARTED: AtomicUsize = AtomicUsize::new(0);
    #[mobula::task]
    fn child(ray: &Ray) -> Result<()> {
        STARTED.fetch_add(1, Ordering::SeqCst);
        loop {
            ray.check_cancelled()?;
            std::thread::sleep(Duration::from_millis(1));
        }
    }
    #[mobula::task]
    fn parent(ray: &Ray) -> Result<()> {
        child::remote().submit(ray)?.get(ray)
    }
    let ray = ray(2.0);
    let object = parent::remote().submit(&ray).unwrap();
    while STARTED.load(Ordering::SeqCst) == 0 {
        std::thread::sleep(Duration::from_millis(1));
    }
    ray.cancel(&object, false).unwrap();
    assert!(matches!(ray.get(&object), Err(Error::Cancelled(_))));
    // The child was told: its thread is free again.
    until(|| ray.available_resources().unwrap()["CPU"] == 2.0);
}

#[test]
fn a_burst_from_many_threads_is_complete() {
    #[mobula::task]
    fn add(a: u64, b: &u64) -> u64 {
        a + b
    }
    let ray = ray(2.0);
    let totals: Vec<u64> = std::thread::scope(|scope| {
        let spawn = |t: u64| {
            let ray = ray.clone();
            scope.spawn(move || {
                let refs: Vec<ObjectRef<u64>> =
                    (0..2000).map(|i| add::remote(i, t).submit(&ray).unwrap()).collect();
                ray.get(&refs).unwrap().iter().sum()
            })
        };
        let threads: Vec<_> = (0..4).map(spawn).collect();
        threads.into_iter().map(|t| t.join().unwrap()).collect()
    });
    let expected: Vec<u64> = (0..4).map(|t| (0..2000).map(|i| i + t).sum()).collect();
    assert_eq!(totals, expected);
}

#[test]
fn waiting_over_and_over_leaves_nothing_behind() {
    #[mobula::task]
    fn slow() {
        std::thread::sleep(Duration::from_millis(100));
    }
    let ray = ray(1.0);
    let mut refs = vec![slow::remote().submit(&ray).unwrap()];
    for _ in 0..20 {
        let (ready, rest) = ray.wait(refs.clone(), 1, Some(Duration::from_millis(1))).unwrap();
        if !ready.is_empty() {
            break;
        }
        refs = rest;
    }
    ray.get(&refs).unwrap();
}

#[mobula::task(resources(slot = 1))]
fn wants_a_slot() -> u8 {
    1
}

#[mobula::task(resources(slot = 1))]
fn keeps_the_slot(millis: u64) {
    std::thread::sleep(Duration::from_millis(millis));
}

#[mobula::task]
fn one() -> u8 {
    1
}

/// Work that waits for something scarce must not hold up what could run.
#[test]
fn one_cpu_tasks_pass_those_that_wait_for_another_resource() {
    let config = LocalConfig { resources: [("slot".to_string(), 1.0)].into(), ..LocalConfig::with_cpus(2.0) };
    let ray = Ray::local(config);
    let keeper = keeps_the_slot::remote(400_u64).submit(&ray).unwrap();
    let waiting = wants_a_slot::remote().submit(&ray).unwrap();
    let many: Vec<ObjectRef<u8>> = (0..50).map(|_| one::remote().submit(&ray).unwrap()).collect();
    assert_eq!(ray.get_timeout(&many, Duration::from_secs(30)).unwrap().len(), 50);
    assert!(
        ray.wait(vec![keeper], 1, Some(Duration::ZERO)).unwrap().0.is_empty(),
        "the slot was free already"
    );
    assert_eq!(waiting.get(&ray).unwrap(), 1);
}

struct Holder;

#[mobula::actor(num_cpus = 2)]
impl Holder {
    pub fn new() -> Self {
        Holder
    }

    pub fn ready(&self) -> bool {
        true
    }
}

/// An actor's CPUs do not come back: a task that wants them waits alone.
#[test]
fn an_actor_that_holds_cpus_for_ever_stops_nothing_smaller() {
    let ray = ray(3.0);
    let holder = Holder::remote().spawn(&ray).unwrap();
    assert!(holder.ready().get(&ray).unwrap());
    let second = Holder::remote().spawn(&ray).unwrap();
    let wide = one::remote().num_cpus(3.0).submit(&ray).unwrap();
    let many: Vec<ObjectRef<u8>> = (0..20).map(|_| one::remote().submit(&ray).unwrap()).collect();
    assert_eq!(ray.get_timeout(&many, Duration::from_secs(30)).unwrap().len(), 20);
    let early = second.ready().submit(&ray).unwrap();
    assert!(early.get_timeout(&ray, Duration::from_millis(50)).is_err());
    drop(holder);
    assert!(early.get_timeout(&ray, Duration::from_secs(30)).unwrap());
    drop(second);
    assert_eq!(wide.get_timeout(&ray, Duration::from_secs(30)).unwrap(), 1);
}

#[test]
fn the_end_of_the_engine_ends_its_actors() {
    static ALIVE: AtomicUsize = AtomicUsize::new(0);
    struct Resident;
    impl Drop for Resident {
        fn drop(&mut self) {
            ALIVE.fetch_sub(1, Ordering::SeqCst);
        }
    }
    #[mobula::actor]
    impl Resident {
        pub fn new() -> Self {
            ALIVE.fetch_add(1, Ordering::SeqCst);
            Resident
        }

        pub fn ready(&self) -> bool {
            true
        }
    }
    let ray = ray(1.0);
    let resident = Resident::remote().name("resident").detached().spawn(&ray).unwrap();
    assert!(resident.ready().get(&ray).unwrap());
    drop((resident, ray));
    until(|| ALIVE.load(Ordering::SeqCst) == 0);
}

/// `Instant` has no such time: a panic.
#[test]
fn a_wait_for_ever_ends_with_the_value() {
    #[mobula::task]
    fn soon() -> u8 {
        std::thread::sleep(Duration::from_millis(20));
        7
    }
    let ray = ray(1.0);
    let submit = || soon::remote().submit(&ray).unwrap();
    let long = [Duration::MAX, Duration::from_secs(u64::MAX / 2), Duration::from_secs(200 * 366 * 24 * 3600)];
    for timeout in long {
        assert_eq!(ray.get_timeout(&submit(), timeout).unwrap(), 7);
        assert_eq!(ray.get_timeout(&[submit(), submit()][..], timeout).unwrap(), [7, 7]);
        assert_eq!(ray.wait(vec![submit()], 1, Some(timeout)).unwrap().0.len(), 1);
    }
    let group = ray.placement_group(&[[("CPU", 1.0)]], crate::PlacementStrategy::Pack).unwrap();
    long.iter().for_each(|timeout| group.ready(&ray, Some(*timeout)).unwrap());
}

/// Each task's failure failed the next one's, a stack frame deeper.
#[test]
fn a_chain_of_any_length_fails_without_a_stack() {
    #[mobula::task]
    fn first() -> Result<u64> {
        std::thread::sleep(Duration::from_millis(300));
        Err(Error::Invalid("the first".into()))
    }
    #[mobula::task]
    fn next(before: u64) -> u64 {
        before + 1
    }
    let ray = ray(2.0);
    for cancelled in [false, true] {
        let mut last = first::remote().submit(&ray).unwrap();
        let start = last.clone();
        for _ in 0..100_000 {
            last = next::remote(&last).submit(&ray).unwrap();
        }
        if cancelled {
            ray.cancel(&start, false).unwrap();
        }
        let error = ray.get(&last).unwrap_err().to_string();
        assert!(error.contains("the first") || cancelled && error.contains("cancelled"), "{error}");
    }
}

/// A value that panics when it goes took the worker with it that held it last, and its CPU.
#[test]
fn a_destructor_that_panics_costs_nobody_a_cpu() {
    #[derive(Clone, serde::Serialize, serde::Deserialize)]
    struct Mine(bool);
    impl Drop for Mine {
        fn drop(&mut self) {
            if self.0 {
                std::panic::panic_any(Payload);
            }
        }
    }
    struct Payload;
    impl Drop for Payload {
        fn drop(&mut self) {
            panic!("and what it carries, too");
        }
    }
    #[mobula::task]
    fn make() -> Mine {
        Mine(true)
    }
    #[mobula::task]
    fn burst() {
        std::panic::panic_any(Payload);
    }
    #[mobula::task]
    fn fine() -> u8 {
        1
    }
    struct Keeper(#[allow(dead_code)] Mine);
    #[mobula::actor]
    impl Keeper {
        pub fn new() -> Self {
            Keeper(Mine(true))
        }

        pub fn ping(&self) -> u8 {
            2
        }
    }
    let ray = ray(1.0);
    for _ in 0..3 {
        drop(make::remote().submit(&ray).unwrap());
        assert!(ray.get(&burst::remote().submit(&ray).unwrap()).is_err());
        let keeper = Keeper::remote().max_restarts(1).spawn(&ray).unwrap();
        assert_eq!(keeper.ping().get(&ray).unwrap(), 2);
        ray.kill(&keeper, false).unwrap();
        assert_eq!(keeper.ping().get(&ray).unwrap(), 2);
        drop(keeper);
        let done = fine::remote().submit(&ray).unwrap();
        assert_eq!(ray.get_timeout(&done, Duration::from_secs(60)).unwrap(), 1);
    }
    until(|| ray.available_resources().unwrap() == ray.cluster_resources().unwrap());
}

/// Tasks that wait for tasks take a thread each. Where there were no more, nobody was told, and all waited.
#[test]
fn where_no_thread_can_be_started_the_wait_is_an_error() {
    #[mobula::task]
    fn nested(ray: &Ray, depth: u32) -> Result<u32> {
        if depth == 0 { Ok(0) } else { Ok(ray.get(&nested::remote(depth - 1).submit(ray)?)? + 1) }
    }
    let name = "local::tests::where_no_thread_can_be_started_the_wait_is_an_error";
    if std::env::var_os("MOBULA_FEW_THREADS").is_some() {
        let ray = ray(1.0);
        let error = ray.get(&nested::remote(3000).submit(&ray).unwrap()).unwrap_err().to_string();
        assert!(error.contains("no thread can be started"), "{error}");
        // It goes on with what there is.
        assert_eq!(ray.get(&nested::remote(3).submit(&ray).unwrap()).unwrap(), 3);
        return;
    }
    let script = "ulimit -v 2000000; exec timeout 60 \"$0\" --exact \"$1\" --nocapture";
    let mut child = std::process::Command::new("bash");
    child.args(["-c", script]).arg(std::env::current_exe().unwrap()).arg(name);
    let output = child.env("MOBULA_FEW_THREADS", "1").output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{:?} {}", output.status, &told[told.len().saturating_sub(2000)..]);
}
