//! Looks for an order of calls that explains their answers, as Wing and Gong (1993) do, and remembers, as Lowe (2017), where
//! it has been.

use std::collections::HashSet;
use std::time::Instant;

use super::key::{Ask, Key, Said};

/// One call on one key.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) ask: Ask,
    pub(super) said: Said,
    pub(super) begun: Instant,
    pub(super) answered: Instant,
}

/// An order in which the calls could have been carried out, each between its beginning and its answer; none where there is
/// none. At most 64 calls.
pub(super) fn order(history: &[Call]) -> Option<Vec<usize>> {
    assert!(history.len() <= 64, "the calls of a history are counted in the bits of a number");
    let mut order = Vec::new();
    let all = u64::MAX.checked_shr(64 - u32::try_from(history.len()).expect("few")).unwrap_or(0);
    search(history, all, &Key::new(), &mut order, &mut HashSet::new()).then_some(order)
}

/// Carries out what is left, a bit for each call, beginning with this key.
fn search(
    history: &[Call],
    left: u64,
    key: &Key,
    order: &mut Vec<usize>,
    been: &mut HashSet<(u64, Key)>,
) -> bool {
    if left == 0 {
        return true;
    }
    if !been.insert((left, key.clone())) {
        return false;
    }
    let waiting = || (0..history.len()).filter(|call| left & (1 << call) != 0);
    // Whatever begins after another one was answered comes after it.
    let first_answer = waiting().map(|call| history[call].answered).min().expect("one is left");
    for call in waiting().filter(|call| history[*call].begun <= first_answer) {
        if let Some(next) = key.after(&history[call].ask, &history[call].said) {
            order.push(call);
            if search(history, left & !(1 << call), &next, order, been) {
                return true;
            }
            order.pop();
        }
    }
    false
}

mod can_fail {
    use std::time::Duration;

    use super::*;

    /// Calls with when they began and were answered, in milliseconds.
    fn has_order(calls: &[(Ask, Said, u64, u64)]) -> bool {
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        let call = |(ask, said, begun, answered): &(Ask, Said, u64, u64)| Call {
            ask: ask.clone(),
            said: said.clone(),
            begun: at(*begun),
            answered: at(*answered),
        };
        order(&calls.iter().map(call).collect::<Vec<_>>()).is_some()
    }

    #[test]
    fn a_verdict_beside_a_revocation_may_see_it_or_not() {
        for code in ["VALID", "REVOKED"] {
            assert!(has_order(&[
                (Ask::Revoke, Said::Done(1), 0, 9),
                (Ask::Judge(0), Said::Code(code), 2, 5)
            ]));
        }
    }

    #[test]
    fn a_secret_that_is_valid_after_the_revocation_was_answered_has_no_order() {
        assert!(!has_order(&[
            (Ask::Revoke, Said::Done(1), 0, 2),
            (Ask::Judge(0), Said::Code("VALID"), 3, 5)
        ]));
    }

    #[test]
    fn a_secret_that_comes_alive_again_has_no_order() {
        let calls = [
            (Ask::Revoke, Said::Done(1), 0, 9),
            (Ask::Judge(0), Said::Code("REVOKED"), 1, 2),
            (Ask::Judge(0), Said::Code("VALID"), 3, 4),
        ];
        assert!(!has_order(&calls));
    }

    #[test]
    fn a_change_that_another_one_wiped_out_has_no_order() {
        let calls = [
            (Ask::Regenerate { overlap: false }, Said::NewSecret(1, 1), 0, 9),
            (Ask::Regenerate { overlap: false }, Said::NewSecret(2, 1), 0, 9),
        ];
        assert!(!has_order(&calls));
    }

    #[test]
    fn two_secrets_that_both_live_without_an_overlap_have_no_order() {
        let calls = [
            (Ask::Regenerate { overlap: false }, Said::NewSecret(1, 1), 0, 2),
            (Ask::Judge(0), Said::Code("VALID"), 3, 4),
        ];
        assert!(!has_order(&calls));
    }
}
