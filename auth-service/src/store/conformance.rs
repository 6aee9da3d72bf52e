//! What every store must do. Each case is one named test per back end.

mod admin_changes;
mod admin_sessions;
mod admin_states;
mod admins;
mod fixture;
mod gates;
mod organizations;
mod rotations;
mod sessions;
mod starting;

use self::{
    admin_changes::*,
    admin_sessions::*,
    admin_states::*,
    admins::*,
    fixture::{embedded_backend, mongo_backend},
    gates::*,
    organizations::*,
    rotations::*,
    sessions::*,
    starting::*,
};

tenantry_common::conformance! {
    embedded: embedded_backend;
    mongo: mongo_backend;
    the_store_answers,
    an_admin_reads_back_by_id_and_by_email,
    an_operator_reads_back_without_organization,
    duplicate_id_is_refused,
    duplicate_email_is_refused,
    of_twenty_concurrent_inserts_of_one_email_one_wins,
    a_refused_insert_writes_nothing,
    a_pending_admin_is_activated_once,
    an_absent_admin_is_not_activated,
    a_cancelled_pending_admin_frees_its_email,
    cancelling_an_absent_admin_refuses_a_late_prepare,
    two_tombstones_without_email_coexist,
    only_the_own_pending_admin_is_cancelled,
    of_activate_and_cancel_at_once_one_wins,
    purging_takes_every_admin_of_the_organization_and_no_other,
    purging_leaves_what_was_cancelled,
    a_purged_admin_is_neither_activated_nor_cancelled,
    values_are_stored_literally,
    an_admin_is_changed_as_the_domain_says,
    a_change_of_another_generation_is_refused,
    a_taken_email_is_refused_and_nothing_changes,
    an_email_that_was_given_up_is_free_at_once,
    an_admin_may_be_given_the_email_that_it_has,
    changes_of_an_active_admin_at_once_all_take_place,
    only_an_active_admin_is_changed,
    an_absent_admin_is_not_changed,
    a_change_that_is_sent_again_is_answered_again,
    a_change_that_is_sent_again_too_late_is_refused,
    of_thirty_two_changes_of_one_generation_one_wins,
    of_twenty_admins_that_want_one_email_one_gets_it,
    a_purge_at_the_same_time_leaves_no_email_taken,
    changed_values_are_stored_literally,
    a_gate_that_was_never_set_is_absent,
    a_gate_moves_by_epoch,
    a_stale_epoch_is_refused,
    shutting_a_gate_raises_its_generation_even_when_repeated,
    opening_an_open_gate_keeps_its_generation,
    a_purged_gate_is_final,
    of_twenty_concurrent_gate_calls_the_newest_stays,
    organizations_are_listed_whole_in_the_order_of_their_ids,
    admins_of_every_role_and_state_are_listed,
    paging_meets_every_organization_once_at_every_page_size,
    both_ends_bound_a_list_of_organizations,
    an_organization_of_many_admins_is_never_cut,
    operators_are_in_no_organization,
    a_list_of_no_organizations_is_empty,
    a_session_reads_back_and_is_deleted,
    a_session_is_inserted_once,
    the_sessions_of_one_organization_are_deleted_and_no_others,
    expired_sessions_may_go_and_live_ones_stay,
    the_sessions_of_an_admin_are_listed_in_the_order_of_their_ids,
    the_email_of_one_admins_sessions_changes_and_no_other,
    the_sessions_of_one_admin_are_deleted_but_the_kept_one,
    a_session_is_kept_from_its_own_admins_deletion_alone,
    what_clients_say_of_themselves_is_stored_literally,
    a_session_is_rotated_as_the_domain_says,
    a_session_of_another_counter_is_not_rotated,
    an_absent_session_is_not_rotated,
    of_sixty_four_rotations_of_one_counter_one_succeeds,
    a_rotation_never_brings_a_deleted_session_back,
    a_rotation_keeps_an_email_that_is_set_at_the_same_time,
    a_rotated_session_outlives_its_former_end,
    all_starters_get_one_key_of_each_name,
    unicode_and_extreme_times_survive,
}
