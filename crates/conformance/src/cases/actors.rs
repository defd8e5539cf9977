//! Actors: state, order, handles, names, restarts, ends.

use std::time::Duration;

use anyhow::{Result, bail};
use mobula::{Error, ObjectRef, Ray};

use crate::check::{equal, fails, holds};

/// A number that lives somewhere.
pub struct Counter {
    value: i64,
    seen: Vec<i64>,
}

#[mobula::actor]
impl Counter {
    pub fn new(start: i64) -> Result<Self> {
        if start < 0 {
            bail!("{start} is too small");
        }
        Ok(Counter { value: start, seen: Vec::new() })
    }

    /// Adds, and says what comes of it.
    pub fn add(&mut self, n: i64) -> i64 {
        self.value += n;
        self.seen.push(n);
        self.value
    }

    pub fn value(&self) -> i64 {
        self.value
    }

    pub fn seen(&self) -> Vec<i64> {
        self.seen.clone()
    }

    pub fn fail(&mut self, why: &str) -> Result<()> {
        self.value += 1;
        bail!("no: {why}")
    }

    pub fn panic(&self) {
        panic!("out of luck")
    }

    pub fn pid(&self) -> u32 {
        std::process::id()
    }

    pub fn sleep(&self, millis: u64) -> i64 {
        std::thread::sleep(Duration::from_millis(millis));
        self.value
    }

    /// What another actor says, asked from here.
    pub fn ask(&self, ray: &Ray, other: CounterHandle) -> Result<i64> {
        Ok(other.value().get(ray)? + self.value)
    }

    /// Has the others add `n` each.
    pub fn delegate(&mut self, ray: &Ray, others: Vec<CounterHandle>, n: i64) -> Result<i64> {
        let group: CounterGroup = others.into_iter().collect();
        self.value = group.add(n).get_all(ray)?.into_iter().sum();
        Ok(self.value)
    }

    /// Has tasks do the work.
    pub fn by_tasks(&mut self, ray: &Ray, n: i64) -> Result<i64> {
        let doubled: Vec<ObjectRef<i64>> =
            (0..n).map(|i| double::remote(i).submit(ray)).collect::<Result<_, _>>()?;
        self.value = ray.get(&doubled)?.into_iter().sum();
        Ok(self.value)
    }

    /// A reference to something that it makes.
    pub fn make(&self, ray: &Ray) -> Result<ObjectRef<i64>> {
        Ok(ray.put(self.value)?)
    }
}

#[mobula::task]
fn double(n: i64) -> i64 {
    2 * n
}

#[mobula::task]
fn add_from_a_task(ray: &Ray, counters: Vec<CounterHandle>, n: i64) -> Result<i64> {
    let mut sum = 0;
    for counter in counters {
        sum += counter.add(n).get(ray)?;
    }
    Ok(sum)
}

pub fn state_stays(ray: &Ray) -> Result<()> {
    let counter = Counter::remote(5).spawn(ray)?;
    equal(counter.add(2).get(ray)?, 7)?;
    equal(counter.add(-3).get(ray)?, 4)?;
    equal(counter.value().get(ray)?, 4)
}

pub fn calls_of_one_caller_stay_in_order(ray: &Ray) -> Result<()> {
    let counter = Counter::remote(0).spawn(ray)?;
    for n in 0..100 {
        counter.add(n).submit(ray)?;
    }
    equal(counter.seen().get(ray)?, (0..100).collect::<Vec<_>>())
}

pub fn arguments_by_reference(ray: &Ray) -> Result<()> {
    let start = double::remote(4).submit(ray)?;
    let counter = Counter::remote(&start).spawn(ray)?;
    let n = double::remote(8).submit(ray)?;
    let sum = counter.add(n).submit(ray)?;
    equal(counter.add(&sum).get(ray)?, 48)?;
    equal(double::remote(sum).submit(ray)?.get(ray)?, 48)
}

pub fn a_failed_argument_fails_the_call_alone(ray: &Ray) -> Result<()> {
    let counter = Counter::remote(1).spawn(ray)?;
    let bad = Counter::remote(3).spawn(ray)?.fail("argument").submit(ray)?;
    let never: ObjectRef<i64> = after::remote(bad).submit(ray)?;
    fails(counter.add(never).get(ray), |e| matches!(e, Error::TaskFailed { .. }))?;
    equal(counter.value().get(ray)?, 1)
}

#[mobula::task]
fn after(_nothing: ()) -> i64 {
    1
}

pub fn an_err_leaves_it_alive(ray: &Ray) -> Result<()> {
    let counter = Counter::remote(0).spawn(ray)?;
    let error =
        fails(counter.fail("today").get(ray), |e| matches!(e, Error::TaskFailed { panicked: false, .. }))?;
    holds(error.to_string().contains("Counter::fail") && error.to_string().contains("no: today"), &error)?;
    let error = fails(counter.panic().get(ray), |e| matches!(e, Error::TaskFailed { panicked: true, .. }))?;
    holds(error.to_string().contains("out of luck, at "), &error)?;
    equal(counter.value().get(ray)?, 1)
}

pub fn a_constructor_that_fails(ray: &Ray) -> Result<()> {
    let counter = Counter::remote(-1).spawn(ray)?;
    let error = fails(counter.value().get(ray), |e| matches!(e, Error::ActorDied(_)))?;
    holds(error.to_string().contains("-1 is too small"), &error)?;
    let late = counter.value().submit(ray).and_then(|value| value.get(ray));
    fails(late, |e| matches!(e, Error::ActorDied(_)))?;
    Ok(())
}

pub fn handles_travel(ray: &Ray) -> Result<()> {
    let (a, b) = (Counter::remote(10).spawn(ray)?, Counter::remote(20).spawn(ray)?);
    equal(add_from_a_task::remote(vec![a.clone(), b.clone()], 1).submit(ray)?.get(ray)?, 32)?;
    equal(a.ask(b.clone()).get(ray)?, 32)?;
    let boss = Counter::remote(0).spawn(ray)?;
    equal(boss.delegate(vec![a.clone(), b.clone()], 4).get(ray)?, 40)?;
    let stored = ray.put(vec![a, b])?;
    equal(add_from_a_task::remote(stored, 0).submit(ray)?.get(ray)?, 40)
}

pub fn methods_call_tasks_and_put(ray: &Ray) -> Result<()> {
    let counter = Counter::remote(7).spawn(ray)?;
    equal(counter.make().get(ray)?.get(ray)?, 7)?;
    equal(counter.by_tasks(5).get(ray)?, 20)
}

pub fn several_return_values(ray: &Ray) -> Result<()> {
    let counter = Counter::remote(0).spawn(ray)?;
    (0..3).try_for_each(|n| counter.add(n).submit(ray).map(drop))?;
    let parts = counter.seen().num_returns(3).submit_all(ray)?;
    equal(ray.get(&parts)?, vec![0, 1, 2])?;
    let one = counter.seen().num_returns(2).submit_all(ray)?;
    fails(one[0].get(ray), |e| matches!(e, Error::TaskFailed { .. }))?;
    let invalid = |e: &Error| matches!(e, Error::Invalid(_));
    fails(counter.seen().num_returns(0).submit_all(ray), invalid)?;
    fails(counter.add(1).max_task_retries(-2).submit(ray), invalid)?;
    counter.add(3).submit(ray)?;
    drop(parts);
    equal(counter.seen().num_returns(4).submit_all(ray)?.len(), 4)?;
    equal(counter.add(0).name("a name of its own").get(ray)?, 6)
}

pub fn found_by_name(ray: &Ray) -> Result<()> {
    let invalid = |e: &Error| matches!(e, Error::Invalid(_));
    let name = format!("counter-{}", std::process::id());
    let counter = Counter::remote(1).name(&name).spawn(ray)?;
    counter.add(1).get(ray)?;
    equal(ray.get_actor::<Counter>(&name)?.add(1).get(ray)?, 3)?;
    equal(look_up::remote(name.clone()).submit(ray)?.get(ray)?, 3)?;
    let taken = Counter::remote(1).name(&name).spawn(ray);
    let error = fails(taken.map(drop), invalid)?;
    holds(error.to_string().contains(&name), &error)?;
    let same = Counter::remote(100).name(&name).get_if_exists().spawn(ray)?;
    equal(same.value().get(ray)?, 3)?;
    let error = fails(ray.get_actor::<Clock>(&name).map(drop), invalid)?;
    holds(error.to_string().contains("is not a") || error.to_string().contains("not a "), &error)?;
    fails(ray.get_actor::<Counter>("nobody").map(drop), invalid)?;
    let there = Counter::remote(9).name(&name).namespace("elsewhere").spawn(ray)?;
    equal(ray.get_actor_in::<Counter>("elsewhere", &name)?.value().get(ray)?, 9)?;
    equal(counter.value().get(ray)?, 3)?;
    ray.kill(&there, true)?;
    Ok(())
}

#[mobula::task]
fn look_up(ray: &Ray, name: &str) -> Result<i64> {
    Ok(ray.get_actor::<Counter>(name)?.value().get(ray)?)
}

/// Adds to counters found by name; what the last one has.
#[mobula::task]
fn add_to_all(ray: &Ray, names: Vec<String>, n: i64) -> Result<i64> {
    let mut last = 0;
    for name in names {
        last = ray.get_actor::<Counter>(&name)?.add(n).get(ray)?;
    }
    Ok(last)
}

/// Makes a counter that outlives the worker which runs this.
#[mobula::task]
fn leave_behind(ray: &Ray, name: &str, start: i64) -> Result<()> {
    Ok(Counter::remote(start).name(name).detached().spawn(ray)?.value().get(ray).map(drop)?)
}

pub fn detached_outlives_its_handles(ray: &Ray) -> Result<()> {
    let name = format!("detached-{}", std::process::id());
    let counter = Counter::remote(3).name(&name).detached().spawn(ray)?;
    counter.add(1).get(ray)?;
    drop(counter);
    std::thread::sleep(Duration::from_millis(300));
    let counter = ray.get_actor::<Counter>(&name)?;
    equal(counter.value().get(ray)?, 4)?;
    // It submits tasks, though whoever brought the program there may be gone.
    equal(counter.by_tasks(3).get(ray)?, 6)?;
    ray.kill(&counter, true)?;
    gone(ray, &name)?;
    leave_behind::remote(name.clone(), 1).submit(ray)?.get(ray)?;
    equal(add_to_all::remote(vec![name.clone()], 2).submit(ray)?.get(ray)?, 3)?;
    ray.kill(&ray.get_actor::<Counter>(&name)?, true)?;
    gone(ray, &name)
}

/// Waits until a name is free.
fn gone(ray: &Ray, name: &str) -> Result<()> {
    for _ in 0..300 {
        if ray.get_actor::<Counter>(name).is_err() {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    bail!("{name} is still there")
}

pub fn the_last_handle_ends_it(ray: &Ray) -> Result<()> {
    let name = format!("plain-{}", std::process::id());
    let counter = Counter::remote(3).name(&name).spawn(ray)?;
    let last = counter.sleep(200).submit(ray)?;
    drop(counter);
    // Calls under way are still done.
    equal(last.get(ray)?, 3)?;
    gone(ray, &name)
}

pub fn killed_for_good(ray: &Ray) -> Result<()> {
    let counter = Counter::remote(0).max_restarts(5).spawn(ray)?;
    counter.add(1).get(ray)?;
    let running = counter.sleep(60_000).submit(ray)?;
    ray.kill(&counter, true)?;
    let died = |e: &Error| matches!(e, Error::ActorDied(_));
    fails(running.get_timeout(ray, Duration::from_secs(30)), died)?;
    let later = counter.value().submit(ray).and_then(|value| value.get_timeout(ray, Duration::from_secs(30)));
    fails(later, died)?;
    ray.kill(&counter, true)?;
    Ok(())
}

/// Says whether it has been started again.
pub struct Phoenix {
    calls: u64,
    restarted: bool,
    /// Tells one life from another.
    born: u128,
}

#[mobula::actor(max_restarts = 2, max_task_retries = -1)]
impl Phoenix {
    pub fn new(ray: &Ray, start: &u64) -> Result<Self> {
        let born = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_nanos();
        Ok(Phoenix { calls: *start, restarted: ray.context()?.restarted, born })
    }

    pub fn call(&mut self) -> (u64, bool) {
        self.calls += 1;
        (self.calls, self.restarted)
    }

    pub fn born(&self) -> u128 {
        self.born
    }

    /// Calls again only after somebody has killed it once.
    pub fn slow_at_first(&mut self) -> bool {
        if !self.restarted {
            std::thread::sleep(Duration::from_secs(60));
        }
        self.restarted
    }

    pub fn id(&self, ray: &Ray) -> Result<Option<String>> {
        Ok(ray.context()?.actor_id)
    }
}

pub fn restarts_begin_anew(ray: &Ray) -> Result<()> {
    let start = ray.put(10)?;
    let phoenix = Phoenix::remote(start).spawn(ray)?;
    equal(phoenix.call().get(ray)?, (11, false))?;
    equal(phoenix.call().get(ray)?, (12, false))?;
    let id = phoenix.id().get(ray)?;
    for _ in 0..2 {
        let born = phoenix.born().get(ray)?;
        ray.kill(&phoenix, false)?;
        reborn(ray, &phoenix, born)?;
        equal(phoenix.call().get_soon(ray)?, (11, true))?;
        equal(phoenix.id().get(ray)?.as_ref(), id.as_ref())?;
    }
    // That was the last time.
    ray.kill(&phoenix, false)?;
    let end = || phoenix.born().get_soon(ray);
    let died = std::iter::repeat_with(end).take(400).find_map(|answer| {
        std::thread::sleep(Duration::from_millis(50));
        answer.err()
    });
    holds(matches!(died, Some(Error::ActorDied(_))), &died)
}

/// Waits for another life: on a cluster the old one may still answer for a moment.
fn reborn(ray: &Ray, phoenix: &PhoenixHandle, before: u128) -> Result<()> {
    for _ in 0..400 {
        if phoenix.born().get_soon(ray)? != before {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    bail!("it was not started again")
}

pub fn a_lost_call_is_tried_again(ray: &Ray) -> Result<()> {
    let phoenix = Phoenix::remote(0).spawn(ray)?;
    phoenix.call().get(ray)?;
    let lost = phoenix.slow_at_first().submit(ray)?;
    std::thread::sleep(Duration::from_millis(500));
    ray.kill(&phoenix, false)?;
    equal(lost.get_timeout(ray, Duration::from_secs(40))?, true)
}

/// A call with a limit, so that no case waits for ever.
trait GetSoon<T> {
    fn get_soon(self, ray: &Ray) -> mobula::Result<T>;
}

impl<T: mobula::Value> GetSoon<T> for mobula::MethodCall<T> {
    fn get_soon(self, ray: &Ray) -> mobula::Result<T> {
        self.submit(ray)?.get_timeout(ray, Duration::from_secs(40))
    }
}

/// Shared by several calls at once.
pub struct Clock {
    inside: std::sync::atomic::AtomicUsize,
}

#[mobula::actor(max_concurrency = 3)]
impl Clock {
    pub fn new() -> Self {
        Clock { inside: Default::default() }
    }

    /// How many were inside at once, this call among them.
    pub fn meet(&self, millis: u64) -> usize {
        use std::sync::atomic::Ordering::SeqCst;
        self.inside.fetch_add(1, SeqCst);
        let until = std::time::Instant::now() + Duration::from_millis(millis);
        let mut most = 0;
        while std::time::Instant::now() < until {
            most = most.max(self.inside.load(SeqCst));
            std::thread::sleep(Duration::from_millis(5));
        }
        self.inside.fetch_sub(1, SeqCst);
        most
    }
}

pub fn several_calls_at_once(ray: &Ray) -> Result<()> {
    let clock = Clock::remote().spawn(ray)?;
    clock.meet(1).get(ray)?;
    let calls: Vec<_> = (0..6).map(|_| clock.meet(400).submit(ray)).collect::<Result<_, _>>()?;
    let most = ray.get(&calls)?.into_iter().max();
    equal(most, Some(3))?;
    let error = fails(Counter::remote(0).max_concurrency(2).spawn(ray).map(drop), |e| {
        matches!(e, Error::Invalid(_))
    })?;
    holds(error.to_string().contains("Counter::add") && error.to_string().contains("&mut self"), &error)
}

pub fn impossible_options(ray: &Ray) -> Result<()> {
    let invalid = |e: &Error| matches!(e, Error::Invalid(_));
    fails(Counter::remote(0).max_restarts(-2).spawn(ray).map(drop), invalid)?;
    fails(Counter::remote(0).max_task_retries(-2).spawn(ray).map(drop), invalid)?;
    fails(Counter::remote(0).num_cpus(-1.0).spawn(ray).map(drop), invalid)?;
    fails(Counter::remote(0).name("").spawn(ray).map(drop), invalid)?;
    fails(Counter::remote(0).get_if_exists().spawn(ray).map(drop), invalid)?;
    fails(Clock::remote().max_concurrency(0).spawn(ray).map(drop), invalid)?;
    let error = fails(Counter::remote(0).num_cpus(1e6).spawn(ray).map(drop), |e| {
        matches!(e, Error::Unschedulable(_))
    })?;
    holds(error.to_string().contains("1000000 CPU"), &error)
}

pub fn resources_are_held_for_life(ray: &Ray) -> Result<()> {
    let before = settled(ray)?;
    let counter = Counter::remote(0).num_cpus(1.0).spawn(ray)?;
    counter.value().get(ray)?;
    wait_for_cpus(ray, before - 1.0)?;
    drop(counter);
    wait_for_cpus(ray, before)
}

fn cpus(ray: &Ray) -> Result<f64> {
    Ok(ray.available_resources()?.get("CPU").copied().unwrap_or(0.0))
}

/// The free CPUs, once nothing of the cases before is under way any more.
fn settled(ray: &Ray) -> Result<f64> {
    let all = ray.cluster_resources()?["CPU"];
    wait_for_cpus(ray, all).map(|()| all)
}

fn wait_for_cpus(ray: &Ray, wanted: f64) -> Result<()> {
    for _ in 0..150 {
        if cpus(ray)? == wanted {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    bail!("{} CPUs are free instead of {wanted}", cpus(ray)?)
}

pub fn a_queued_call_is_cancelled(ray: &Ray) -> Result<()> {
    let counter = Counter::remote(0).spawn(ray)?;
    let running = counter.sleep(1500).submit(ray)?;
    let queued = counter.add(5).submit(ray)?;
    ray.cancel(&queued, false)?;
    fails(queued.get_timeout(ray, Duration::from_secs(20)), |e| matches!(e, Error::Cancelled(_)))?;
    equal(running.get(ray)?, 0)?;
    // In Ray 2.60 the next call of the same caller misses the cancelled one, for half a minute, and then fails.
    if ray.is_local() {
        equal(counter.value().get(ray)?, 0)?;
    }
    Ok(())
}

pub fn a_method_that_hangs_times_out(ray: &Ray) -> Result<()> {
    let counter = Counter::remote(0).spawn(ray)?;
    counter.value().get(ray)?;
    let hangs = counter.sleep(120_000).submit(ray)?;
    fails(hangs.get_timeout(ray, Duration::from_millis(300)), |e| matches!(e, Error::Timeout(_)))?;
    ray.cancel(&hangs, false)?;
    ray.kill(&counter, true)?;
    let ended = |e: &Error| matches!(e, Error::ActorDied(_) | Error::Cancelled(_));
    fails(hangs.get_timeout(ray, Duration::from_secs(30)), ended)?;
    Ok(())
}
