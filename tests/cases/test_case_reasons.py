"""The reasons for opening a case again, closing it, calling a step off."""

from engine.cases.records import CANCEL_REASONS, CLOSE_REASONS, REOPEN_REASONS, case_reason


def test_no_reason_means_two_things_so_that_a_history_tells_the_right_one() -> None:
    keys = [*REOPEN_REASONS, *CLOSE_REASONS, *CANCEL_REASONS]
    assert len(set(keys)) == len(keys)


def test_a_reason_is_told_in_its_words_and_an_older_one_by_its_key() -> None:
    assert case_reason("new_facts") == "There is new information"
    assert case_reason("run_over") == "Its workflow was over"
    assert case_reason("wrong_person") == "Wrong person"
    assert case_reason("") == ""
