//! The cases, by what they are about.

pub mod actors;
mod blobs;
mod cancelling;
mod errors;
mod groups;
mod nesting;
mod options;
mod placement;
mod references;
mod returns;
mod values;
mod waiting;

use crate::Case;

macro_rules! cases {
    ($($module:ident: $($name:ident)*;)*) => {
        /// All of them.
        pub const CASES: &[Case] = &[$($(
            Case { name: concat!(stringify!($module), "::", stringify!($name)), body: $module::$name },
        )*)*];
    };
}

cases! {
    actors: state_stays calls_of_one_caller_stay_in_order arguments_by_reference a_failed_argument_fails_the_call_alone
        an_err_leaves_it_alive a_constructor_that_fails handles_travel methods_call_tasks_and_put several_return_values
        found_by_name detached_outlives_its_handles the_last_handle_ends_it killed_for_good restarts_begin_anew
        a_lost_call_is_tried_again several_calls_at_once impossible_options resources_are_held_for_life
        a_queued_call_is_cancelled a_method_that_hangs_times_out;
    values: every_shape_comes_back by_value_and_by_reference borrowed_parameters many_arguments large_arguments;
    returns: one_return_value several_return_values single_of_many a_wrong_number_fails;
    references: put_and_get get_keeps_order a_list_of_references_becomes_a_vec references_inside_values_stay_references
        dropping_references_is_harmless shared_get;
    blobs: blobs_come_back a_blob_passes_through_many_tasks blobs_inside_values;
    errors: an_err_carries_its_chain a_panic_says_where a_failure_reaches_dependants the_first_error_in_order_wins
        a_value_of_another_type_is_refused;
    options: retries_on_request no_retries_unless_asked larger_than_the_cluster impossible_options node_affinity
        spreading resources_are_reported;
    nesting: tasks_submit_tasks a_tree_of_tasks references_through_nested_tasks put_inside_a_task;
    waiting: wait_parts_ready_from_rest wait_times_out get_times_out failed_is_ready wait_checks_its_arguments
        the_same_reference_twice;
    cancelling: a_waiting_task_never_starts a_running_task_is_told cancel_after_the_end_does_nothing;
    groups: one_future_for_all each_member_fails_alone map_keeps_order_and_errors_per_item;
    placement: tasks_and_actors_in_bundles impossible_groups runtime_environments;
}
