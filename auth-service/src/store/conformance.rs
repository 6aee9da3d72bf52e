//! What every store must do. Each case is one named test per back end.

mod admin_states;
mod admins;
mod fixture;
mod gates;
mod organizations;
mod sessions;
mod starting;

use self::{
    admin_states::*,
    admins::*,
    fixture::{embedded_backend, mongo_backend},
    gates::*,
    organizations::*,
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
    two_starters_get_one_signing_key,
    unicode_and_extreme_times_survive,
}
