//! Distributed DQN: a parameter server and its agents, as actors of [`mobula`].
//!
//! ```text
//!             ┌───────────┐  weights   ┌─────────┐
//!  driver ──▶ │ GlobalNet │ ◀────────▶ │ Agent 0 │ … Agent N-1
//!             └───────────┘            └─────────┘
//! ```
//!
//! One round of the driver's loop: all Agents [`train`](AgentHandle::train); GlobalNet takes the
//! [`average`](GlobalNetHandle::average) of their weights; every Agent [`synchronise`](AgentHandle::synchronise)s with it; test games
//! decide when it is over. The weights go from actor to actor as references: the driver passes them on.
//!
//! There are two sets of [`Rules`]. The textbook's are the original's to the letter: DQN, whole episodes, ten test games that
//! GlobalNet plays. The fast ones, the default, have PQN Agents, who share the environments, the minibatches and the test games among
//! them, and end when games that nobody has played say that the environment is solved. By either, [`Mode::Shared`] puts the Agents'
//! experience into one replay memory with one learner instead.
//!
//! Everything is deterministic: the same plan gives the same weights, embedded and on a cluster, and a run that was
//! interrupted goes on from its saved [`State`] to the same end.

mod activity;
mod agent;
mod average;
mod axes;
mod chart;
mod environments;
mod events;
mod explorer;
mod finished;
mod flight;
mod gang;
mod global_net;
mod learner;
mod live;
mod page;
pub mod parameters;
mod plan;
mod recovery;
mod report;
mod round;
mod run_dir;
mod run_report;
mod shared;
mod stack;
mod sweep;
mod testing;
mod training;

pub use activity::{Activity, Doing};
pub use agent::{Agent, AgentGroup, AgentHandle, Net, Part, Trained};
pub use environments::{Kind, NAMES, environment, solved_from};
pub use explorer::{Experience, Explorer, ExplorerGroup, ExplorerHandle};
pub use finished::{FINAL_GAMES, Finished, Point, final_score, final_seeds, train};
pub use global_net::{GlobalNet, GlobalNetGroup, GlobalNetHandle};
pub use learner::{Learned, Learner, LearnerGroup, LearnerHandle};
pub use live::Live;
pub use plan::{Mode, Plan, Rules};
pub use round::{Phases, Round, Test};
pub use run_dir::{Metrics, RunDir, SavedRun};
pub use run_report::{Ended, verdict};
pub use sweep::{Grid, Sweep};
pub use training::{State, Stop, Training};
