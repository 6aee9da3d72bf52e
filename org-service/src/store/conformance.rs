//! What the port promises, as tests: each case runs on every backend, under the same name.

mod accepting;
mod collections;
mod due;
mod embedded_only;
mod ending;
mod fixture;
mod inserting;
mod leases;
mod lists;
mod looks;
mod resting;
mod samples;
mod walks;

use self::{
    accepting::*,
    collections::*,
    due::*,
    ending::*,
    fixture::{embedded_fixture, mongo_fixture},
    inserting::*,
    leases::*,
    lists::*,
    looks::*,
    resting::*,
    walks::*,
};

tenantry_common::conformance! {
    embedded: embedded_fixture;
    mongo: mongo_fixture;
    a_store_that_is_there_answers,
    a_record_is_read_back_as_it_was_written,
    every_kind_of_operation_is_read_back,
    every_state_is_read_back,
    a_missing_record_is_none,
    a_taken_handle_is_refused_on_insert,
    a_taken_id_is_refused,
    an_insert_that_is_sent_again_answers_what_the_first_one_made,
    a_used_request_id_is_refused,
    a_repeated_create_violates_either_index,
    of_twenty_inserts_of_one_handle_one_wins,
    of_twenty_inserts_of_one_request_id_one_wins,
    records_without_handles_and_request_ids_coexist,
    a_record_is_found_by_every_handle_that_it_holds,
    a_record_is_found_by_its_request_id,
    a_resting_handle_is_kept_from_others,
    values_are_stored_literally,
    a_taken_handle_is_refused_on_accept,
    a_stale_epoch_is_not_accepted,
    nothing_is_accepted_while_an_operation_runs,
    an_operation_that_halts_has_no_lease_any_more,
    a_halted_operation_is_replaced,
    a_halted_operation_that_was_taken_up_meanwhile_is_not_replaced,
    a_missing_record_accepts_nothing,
    of_twenty_accepts_one_wins,
    handles_given_up_are_free_and_those_taken_are_held,
    an_own_resting_handle_is_revived,
    giving_up_the_request_id_frees_it,
    accepting_without_a_lease_leaves_none,
    a_first_lease_is_held,
    a_lease_without_an_operation_is_not_given,
    an_operation_that_nobody_drives_is_taken,
    an_expired_lease_is_taken_once,
    a_fence_is_never_used_again,
    renewing_moves_the_end_of_the_lease,
    a_stale_fence_renews_nothing,
    a_stale_fence_records_nothing,
    another_operation_records_nothing,
    recording_keeps_the_stored_lease,
    finishing_takes_the_lease_away,
    a_taken_handle_is_refused_on_record,
    a_rested_handle_is_released,
    a_handle_that_rests_or_is_in_use_is_not_released,
    no_handle_is_released_during_an_operation,
    no_handle_is_released_before_the_recheck_is_ended,
    records_that_released_their_last_handle_coexist,
    a_list_is_in_the_order_of_the_ids,
    a_list_shows_deleted_records_on_demand_and_hidden_ones_never,
    a_list_of_one_shows_that_one_if_it_is_listed,
    paging_meets_every_record_once_while_others_are_written,
    a_created_collection_bears_its_stamp,
    creating_on_a_taken_name_is_refused,
    a_rename_takes_stamp_and_documents_along,
    renaming_a_missing_collection_is_not_found,
    renaming_onto_a_collection_is_refused,
    a_collection_without_a_stamp_can_be_set_aside,
    of_two_renames_to_one_name_one_wins,
    dropping_takes_what_bears_the_name_and_nothing_else,
    dropping_twice_is_as_good_as_once,
    a_dropped_name_comes_back_without_its_past,
    a_look_reports_stamped_asked_and_condemned_collections,
    a_look_at_nothing_is_empty,
    one_look_finds_the_collections_of_many,
    who_looks_twice_is_answered_twice,
    what_stands_at_names_is_told,
    nobody_who_looks_gets_no_answer,
    an_operation_that_nobody_drives_is_due,
    an_operation_that_is_driven_or_over_is_not_due,
    a_halted_operation_is_not_due_until_it_goes_on,
    a_purge_is_due_once_its_time_has_come,
    what_does_not_go_is_not_due_for_a_purge,
    a_purge_or_a_restored_record_is_not_due_for_a_purge,
    every_recheck_is_due_whenever_it_ends,
    every_resting_handle_is_due_however_long_it_rests,
    a_recheck_ends,
    a_recheck_of_what_has_changed_does_not_end,
    an_aborted_record_is_removed_with_all_that_it_held,
    no_other_record_is_removed,
    records_of_every_state_are_walked_in_the_order_of_their_ids,
    holders_are_told_of_resting_handles_too,
    records_and_collections_are_counted,
    all_tenant_collections_are_walked_in_the_order_of_their_names,
}
