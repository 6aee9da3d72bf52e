//! The search for an order of single steps, after Wing and Gong, with the memory of visited states that Lowe added.

use std::{collections::HashSet, fmt::Debug, hash::Hash, rc::Rc};

use crate::history::Micros;

/// How far a call is: 0 before its first step.
pub(super) type Phase = u8;
/// A call that has taken its last step.
pub(super) const DONE: Phase = Phase::MAX;
/// More states than any register of a sound history needs, by far.
const MAX_STATES: usize = 400_000;

/// A call as the search sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Interval {
    /// Index among all calls of the history.
    pub(super) call: usize,
    /// No step comes before it.
    pub(super) from: Micros,
    /// No step comes after it.
    pub(super) until: Micros,
    /// It was answered: all its steps were taken. Of others all were, or none.
    pub(super) answered: bool,
    /// It has no effect of its own: where it fits without one, nothing is lost by placing it there.
    pub(super) passive: bool,
}

/// What the calls do to one thing, one step at a time.
pub(super) trait Register {
    /// What there is to know between two steps.
    type State: Clone + Eq + Hash + Debug;

    /// Before all calls.
    fn initial(&self) -> Self::State;

    /// All that the next step of the call at `place` may make of a state, with the phase that the call is in then. The
    /// step comes at `latest` at the latest.
    fn steps(
        &self,
        state: &Self::State,
        place: usize,
        phase: Phase,
        latest: Micros,
    ) -> Vec<(Self::State, Phase)>;
}

/// What came of a search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// None when there is an order; else how far the best one came.
    pub(super) stuck: Option<Stuck>,
    /// How many states were visited.
    pub(super) states: usize,
}

/// The longest order found, and what does not fit behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stuck {
    /// The places of the calls in the order of their last steps.
    pub(super) order: Vec<usize>,
    /// The place of the call that has to come next.
    pub(super) blocked: usize,
    /// The state there.
    pub(super) state: String,
    /// The search was given up: there may be an order.
    pub(super) given_up: bool,
}

/// The steps taken so far, shared with everything that goes on from there.
struct Path {
    place: usize,
    before: Option<Rc<Path>>,
}

/// Some steps taken.
#[derive(Clone)]
struct Node<S> {
    state: S,
    phases: Vec<Phase>,
    /// Every call before this place is done, or can never begin.
    first: usize,
    /// The last step came at this instant or later.
    time: Micros,
    /// How many answered calls are done.
    answered: usize,
    path: Option<Rc<Path>>,
}

/// Looks for an order of all calls, given in ascending order of `from`.
pub(super) fn search<R: Register>(register: &R, calls: &[Interval]) -> Found {
    let wanted = calls.iter().filter(|call| call.answered).count();
    let mut open = vec![Node {
        state: register.initial(),
        phases: vec![0; calls.len()],
        first: 0,
        time: 0,
        answered: 0,
        path: None,
    }];
    let mut visited = HashSet::new();
    let mut best: Option<Node<R::State>> = None;
    while let Some(mut node) = open.pop() {
        node.pass_over_the_dead(calls);
        if !visited.insert((node.first, node.window(), node.state.clone())) {
            continue;
        }
        if node.answered == wanted && node.is_settled(calls) {
            return Found {
                stuck: None,
                states: visited.len(),
            };
        }
        if best.as_ref().is_none_or(|best| best.answered < node.answered) {
            best = Some(node.clone());
        }
        if visited.len() == MAX_STATES {
            return stuck(best, calls, visited.len(), true);
        }
        node.expand(register, calls, &mut open);
    }
    stuck(best, calls, visited.len(), false)
}

fn stuck<S: Clone + Eq + Debug>(
    best: Option<Node<S>>,
    calls: &[Interval],
    states: usize,
    given_up: bool,
) -> Found {
    let stuck = best.map(|best| Stuck {
        order: best.order(),
        blocked: best.next_due(calls).unwrap_or_default(),
        state: format!("{:?}", best.state),
        given_up,
    });
    Found { stuck, states }
}

impl<S: Clone + Eq> Node<S> {
    /// Whether the call must take a step yet.
    fn is_due(&self, place: usize, call: &Interval) -> bool {
        match self.phases.get(place) {
            Some(&DONE) | None => false,
            Some(0) => call.answered,
            Some(_) => true,
        }
    }

    fn is_settled(&self, calls: &[Interval]) -> bool {
        self.next_due(calls).is_none()
    }

    /// The call that must take its step first.
    fn next_due(&self, calls: &[Interval]) -> Option<usize> {
        self.ahead(calls)
            .filter(|(place, call)| self.is_due(*place, call))
            .min_by_key(|(_, call)| call.until)
            .map(|(place, _)| place)
    }

    fn ahead<'c>(&self, calls: &'c [Interval]) -> impl Iterator<Item = (usize, &'c Interval)> {
        calls.iter().enumerate().skip(self.first)
    }

    /// A call without answer that has not begun by the barrier behind it never will.
    fn pass_over_the_dead(&mut self, calls: &[Interval]) {
        for (place, call) in calls.iter().enumerate().skip(self.first) {
            if call.from > self.time {
                break;
            }
            if let Some(phase @ 0) = self.phases.get_mut(place)
                && !call.answered
                && call.until < self.time
            {
                *phase = DONE;
            }
        }
        while self.phases.get(self.first) == Some(&DONE) {
            self.first += 1;
        }
    }

    /// The phases that tell this node from others: from the first that is not done to the last that has begun.
    fn window(&self) -> Vec<Phase> {
        let end = self
            .phases
            .iter()
            .rposition(|phase| *phase != 0)
            .map_or(0, |last| last + 1);
        self.phases.get(self.first..end).unwrap_or_default().to_vec()
    }

    /// Opens all nodes that are one step further, the likeliest last, so that it is visited first.
    fn expand<R: Register<State = S>>(&self, register: &R, calls: &[Interval], open: &mut Vec<Self>) {
        let latest = self
            .next_due(calls)
            .and_then(|place| calls.get(place))
            .map_or(Micros::MAX, |call| call.until);
        let mut next: Vec<(bool, Micros, Self)> = Vec::new();
        for (place, call) in self.ahead(calls).take_while(|(_, call)| call.from <= latest) {
            let phase = self.phases.get(place).copied().unwrap_or(DONE);
            if phase == DONE {
                continue;
            }
            for (state, phase) in register.steps(&self.state, place, phase, latest) {
                let harmless = call.passive && phase == DONE && state == self.state;
                let node = self.after(place, call, phase, state);
                if harmless && !self.would_bury(calls, call.from) {
                    open.push(node);
                    return;
                }
                next.push((self.is_due(place, call), call.until, node));
            }
        }
        next.sort_by_key(|(due, until, _)| (*due, std::cmp::Reverse(*until)));
        open.extend(next.into_iter().map(|(_, _, node)| node));
    }

    fn after(&self, place: usize, call: &Interval, phase: Phase, state: S) -> Self {
        let mut phases = self.phases.clone();
        if let Some(of_call) = phases.get_mut(place) {
            *of_call = phase;
        }
        Self {
            state,
            phases,
            first: self.first,
            time: self.time.max(call.from),
            answered: self.answered + usize::from(phase == DONE && call.answered),
            path: Some(Rc::new(Path {
                place,
                before: self.path.clone(),
            })),
        }
    }

    /// Whether a step at this instant keeps a call without answer from beginning.
    fn would_bury(&self, calls: &[Interval], from: Micros) -> bool {
        from > self.time
            && self
                .ahead(calls)
                .take_while(|(_, call)| call.from <= from)
                .any(|(place, call)| {
                    !call.answered && call.until < from && self.phases.get(place) == Some(&0)
                })
    }

    fn order(&self) -> Vec<usize> {
        let mut order = Vec::new();
        let mut path = self.path.as_ref();
        while let Some(step) = path {
            if !order.contains(&step.place) {
                order.push(step.place);
            }
            path = step.before.as_ref();
        }
        order.reverse();
        order
    }
}
