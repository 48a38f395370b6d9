/** Reasons of the core in words. A reason that this page does not know is shown as it came. */

const MOVES: Readonly<Record<string, string>> = {
  filled: "the set had a free place",
  cheaper: "cheaper by more than the margin",
  costlier: "a challenger is cheaper by more than the margin",
  failing: "its last handshakes or sessions failed",
  shut: "its breaker is open",
  expired: "it had no sample for too long",
  score: "its score is below the least",
  unmeasured: "it has no sample yet",
  left: "no source names it any more",
  surplus: "the set became smaller",
  disabled: "Fairlead is off",
  certificate: "it did not show the certificate of the name",
  outage: "the set from before the outage is back"
}

const SUSPICIONS: Readonly<Record<string, string>> = {
  pending: "a handshake is overdue",
  silent: "clients wait for its first byte",
  reset: "it reset a session",
  unanswered: "sessions end without an answer",
  "parked-reset": "it reset several warm sockets at once"
}

const RUNGS: Readonly<Record<string, string>> = {
  selected: "a candidate serves",
  unmeasured: "no candidate has answered yet",
  expired: "no candidate had a sample lately",
  shut: "every candidate is shut out",
  empty: "there is no candidate",
  disabled: "Fairlead is off",
  bypass: "the upstream bypasses the selection",
  removed: "the upstream is not configured any more",
  certificate: "no candidate showed the certificate of the name"
}

const FAILURES: Readonly<Record<string, string>> = {
  refused: "connections are refused",
  reset: "connections are reset",
  timeout: "handshakes time out",
  unreachable: "no route to it",
  implausible: "its handshakes are too fast to be its own",
  certificate: "it did not show the certificate of the name",
  local: "this machine could not try"
}

const STATES: Readonly<Record<string, string>> = {
  active: "Active",
  stale: "Stale",
  fallback: "Fallback",
  system: "Last resort",
  unranked: "Unranked",
  disabled: "Disabled"
}

const MEANINGS: Readonly<Record<string, string>> = {
  active: "The measured set serves",
  stale: "The set has no fresh sample; what was known before serves",
  fallback: "The fallback list serves",
  system: "The system's resolver decides",
  unranked: "The list serves in its order, unmeasured",
  disabled: "Clients go to the last resort"
}

/** Only the own names of a list count: each object has `constructor` and others from its prototype. */
const inWords = (words: Readonly<Record<string, string>>) => (reason: string): string =>
  Object.hasOwn(words, reason) ? words[reason] ?? reason : reason

export const ofMove = inWords(MOVES)
export const ofSuspicion = inWords(SUSPICIONS)
export const ofRung = inWords(RUNGS)
export const ofFailure = inWords(FAILURES)
/** The state of an upstream as a word, and what it means. */
export const ofState = inWords(STATES)
export const meaningOf = inWords(MEANINGS)
