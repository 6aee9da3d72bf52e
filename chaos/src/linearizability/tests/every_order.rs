//! The same question answered by trying every order of steps, without memory or preference.

use crate::history::Micros;

use super::super::search::{DONE, Interval, Phase, Register};

/// Whether there is an order.
pub(super) fn is_explained<R: Register>(register: &R, calls: &[Interval]) -> bool {
    goes_on(register, calls, &register.initial(), &mut vec![0; calls.len()], 0)
}

fn goes_on<R: Register>(
    register: &R,
    calls: &[Interval],
    state: &R::State,
    phases: &mut Vec<Phase>,
    time: Micros,
) -> bool {
    let is_open = |place: usize, phase: Phase| phase != DONE && (phase > 0 || calls[place].answered);
    let open: Vec<usize> = (0..calls.len())
        .filter(|place| is_open(*place, phases[*place]))
        .collect();
    if open.is_empty() {
        return true;
    }
    let latest = open.iter().map(|place| calls[*place].until).min().unwrap();
    for place in 0..calls.len() {
        let (call, phase) = (&calls[place], phases[place]);
        if phase == DONE || call.from > latest || call.until < time {
            continue;
        }
        for (next, after) in register.steps(state, place, phase, latest) {
            phases[place] = after;
            if goes_on(register, calls, &next, phases, time.max(call.from)) {
                return true;
            }
            phases[place] = phase;
        }
    }
    false
}
