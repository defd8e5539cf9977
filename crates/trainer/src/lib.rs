//! Distributed DQN: a parameter server and its agents, as actors of [`mobula`].
//!
//! ```text
//!             ┌───────────┐  weights   ┌─────────┐
//!  driver ──▶ │ GlobalNet │ ◀────────▶ │ Agent 0 │ … Agent N-1
//!             └───────────┘            └─────────┘
//! ```
//!
//! One round of the driver's loop: all Agents [`train`](AgentHandle::train) their episodes; GlobalNet
//! [`update`](GlobalNetHandle::update)s itself to the average of their weights; every Agent
//! [`synchronise`](AgentHandle::synchronise)s with it; now and then GlobalNet plays test games, which decide when it is over. The
//! actors exchange weights among themselves: the driver passes handles.
//!
//! Averaging saves hardly any rounds, so there is a second [`Mode`]: [`Mode::Shared`], where the Agents' experience goes into one
//! replay memory with one learner.
//!
//! Everything is deterministic: the same plan gives the same weights, embedded and on a cluster, and a run that was
//! interrupted goes on from its saved [`State`] to the same end.

mod activity;
mod agent;
mod average;
mod axes;
mod chart;
mod events;
mod explorer;
mod finished;
mod flight;
mod global_net;
mod learner;
mod live;
mod page;
mod plan;
mod recovery;
mod report;
mod round;
mod run_dir;
mod run_report;
mod shared;
mod stack;
mod sweep;
mod training;

pub use activity::{Activity, Doing};
pub use agent::{Agent, AgentGroup, AgentHandle, Trained};
pub use explorer::{Experience, Explorer, ExplorerGroup, ExplorerHandle};
pub use finished::{Finished, Point, train};
pub use global_net::{GlobalNet, GlobalNetGroup, GlobalNetHandle};
pub use learner::{Learner, LearnerGroup, LearnerHandle};
pub use live::Live;
pub use plan::{Mode, Plan};
pub use round::{Phases, Round, Test};
pub use run_dir::{Metrics, RunDir, SavedRun};
pub use run_report::Ended;
pub use sweep::{Grid, Sweep};
pub use training::{State, Stop, Training};
